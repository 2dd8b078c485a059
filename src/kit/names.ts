/** Object names: the grammars of Kubernetes names and the derivation of bounded child names. */
import { createHash } from "node:crypto";

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

/** RFC 1123 subdomain: labels joined by dots, at most 253 characters. */
export function isDnsSubdomain(name: string): boolean {
  return name.length <= 253 && SUBDOMAIN.test(name);
}

/** Five characters for `generateName`, from five bytes of randomness. */
export function randomSuffix(bytes: Uint8Array): string {
  return Array.from(bytes.subarray(0, 5), (byte) => SUFFIX_ALPHABET[byte % SUFFIX_ALPHABET.length]).join("");
}

/** `parent + suffix` when that fits into a DNS label, else a shortened parent with a digest in between. */
export function childName(parent: string, suffix: string): string {
  const name = `${parent}${suffix}`;
  if (name.length <= 63) return name;
  const digest = createHash("sha256").update(name).digest("hex").slice(0, 8);
  return `${parent.slice(0, 63 - 9 - suffix.length)}-${digest}${suffix}`;
}

/** `sha256:<hex>` of the bytes or the UTF-8 text. */
export function sha256(data: string | Uint8Array): string {
  return `sha256:${createHash("sha256").update(data).digest("hex")}`;
}
