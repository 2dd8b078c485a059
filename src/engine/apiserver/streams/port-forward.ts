/** Port forwarding over SPDY streams: a pair of streams, for errors and for data, per connection. */
import type { Duplex } from "node:stream";
import { SpdySession } from "#kit/spdy/session.ts";
import type { SpdyStream } from "#kit/spdy/stream.ts";

export const PORT_FORWARD_PROTOCOL = "portforward.k8s.io";

/** Connects to a port of the pod. Rejects with an Error that says what went wrong. */
export type Dial = (port: number) => Promise<Duplex>;

type Pair = { error?: SpdyStream; data?: SpdyStream };

/** Serves connections until the client is gone. */
export async function forwardPorts(connection: Duplex, dial: Dial): Promise<void> {
  const pairs = new Map<string, Pair>();
  const session = new SpdySession(connection, {
    role: "server",
    onStream: (stream) => {
      const { streamtype, requestid, port = "" } = stream.headers;
      if (streamtype !== "error" && streamtype !== "data") {
        stream.destroy();
        return;
      }
      // Old clients give no request id: their data stream follows its error stream.
      const id = requestid ?? String(streamtype === "error" ? stream.id : stream.id - 2);
      const pair: Pair = { ...pairs.get(id), [streamtype]: stream };
      pairs.set(id, pair);
      stream.once("close", () => pairs.delete(id));
      if (pair.error && pair.data) void forward(pair.error, pair.data, () => dial(Number(port)));
    },
  });
  await session.closed;
}

/** Joins one connection to the pod with its streams. Never rejects. */
async function forward(error: SpdyStream, data: SpdyStream, connect: () => Promise<Duplex>): Promise<void> {
  error.resume();
  try {
    await join(data, await connect());
    error.end();
  } catch (failed) {
    error.end((failed as Error).message);
    data.resume().end();
  }
}

/** Copies both ways; each direction ends by itself. Resolves when both have, or one side has gone. */
export function join(left: Duplex, right: Duplex): Promise<void> {
  left.pipe(right);
  right.pipe(left);
  const gone = ([one, other]: [Duplex, Duplex]): Promise<void> =>
    new Promise((resolve) => {
      one.on("error", () => undefined);
      one.once("close", () => {
        if (!one.readableEnded || !one.writableFinished) other.destroy();
        resolve();
      });
    });
  return Promise.all([gone([left, right]), gone([right, left])]).then(() => undefined);
}
