/** Random bytes for identifiers, drawn from the system in larger pieces: asking it for a few costs as much as for many. */
import { randomBytes } from "node:crypto";

const PIECE_BYTES = 4096;

/** A source of random bytes. No byte is given out twice. */
export function pooledRandomBytes(): (length: number) => Uint8Array {
  let pool = Buffer.alloc(0);
  return (length) => {
    if (length > PIECE_BYTES) return randomBytes(length);
    if (length > pool.length) pool = randomBytes(PIECE_BYTES);
    const given = pool.subarray(0, length);
    pool = pool.subarray(length);
    return given;
  };
}
