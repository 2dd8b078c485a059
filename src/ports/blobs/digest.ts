/** Content digests: `sha256:<hex>` and `sha512:<hex>`, the two algorithms that OCI registers. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";

const LENGTHS = { sha256: 64, sha512: 128 } as const;

export type DigestAlgorithm = keyof typeof LENGTHS;

export type ParsedDigest = { algorithm: DigestAlgorithm; hex: string };

/** The parts of a digest, or undefined when the text is none (unknown algorithm, wrong length, upper case). */
export function parseDigest(text: string): ParsedDigest | undefined {
  const [algorithm, hex, more] = text.split(":");
  if (more !== undefined || hex === undefined || !isAlgorithm(algorithm)) return undefined;
  return hex.length === LENGTHS[algorithm] && /^[0-9a-f]+$/.test(hex) ? { algorithm, hex } : undefined;
}

export function isDigest(text: string): boolean {
  return parseDigest(text) !== undefined;
}

/** True for an algorithm that the store can verify. */
export function isAlgorithm(name: unknown): name is DigestAlgorithm {
  return typeof name === "string" && Object.hasOwn(LENGTHS, name);
}

/** The digest of a file's content. */
export async function hashFile(file: string, algorithm: DigestAlgorithm): Promise<string> {
  const hash = createHash(algorithm);
  for await (const chunk of createReadStream(file, { highWaterMark: 1024 * 1024 })) hash.update(chunk as Buffer);
  return `${algorithm}:${hash.digest("hex")}`;
}

/** Content that does not have the digest that was promised for it. */
export class DigestMismatch extends Error {
  override name = "DigestMismatch";

  constructor(expected: string, actual: string) {
    super(`content has digest ${actual}, expected ${expected}: it was changed or cut off on the way; send it again`);
  }
}
