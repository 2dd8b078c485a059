/** Names and hashes of what workload controllers make. Pure. */

const ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

/** 32-bit FNV-1a of a text. */
function fnv32(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

/** A short name part without vowels, equal for equal texts: the decimal digits of a hash in a safe alphabet. */
export function safeHash(text: string): string {
  return Array.from(String(fnv32(text)), (digit) => ALPHABET[digit.charCodeAt(0) % ALPHABET.length]).join("");
}

/** Five characters that look random and are the same for equal texts. */
export function suffixOf(text: string): string {
  let rest = fnv32(text);
  let suffix = "";
  for (let i = 0; i < 5; i++) {
    suffix += ALPHABET[rest % ALPHABET.length];
    rest = Math.floor(rest / ALPHABET.length);
  }
  return suffix;
}
