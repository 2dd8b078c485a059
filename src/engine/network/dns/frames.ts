/** DNS over TCP: each message behind its length in two bytes (RFC 1035, 4.2.2). */
import type { Socket } from "node:net";

/** The messages that come in, until the other side ends. Throws when one is larger than `limit`. */
export async function* readFrames(socket: Socket, limit = 65_535): AsyncGenerator<Buffer> {
  let pending: Buffer = Buffer.alloc(0);
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 2) {
      const length = pending.readUInt16BE();
      if (length > limit) throw new RangeError(`a message of ${length} bytes is too large`);
      if (pending.length < length + 2) break;
      yield pending.subarray(2, length + 2);
      pending = pending.subarray(length + 2);
    }
  }
}

export function writeFrame(socket: Socket, message: Uint8Array): void {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  socket.write(Buffer.concat([length, message]));
}
