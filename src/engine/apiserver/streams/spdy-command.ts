/** Commands over SPDY/3.1: a stream per channel, named by its `streamtype` header. */
import type { Duplex } from "node:stream";
import { SpdySession } from "#kit/spdy/session.ts";
import type { SpdyStream } from "#kit/spdy/stream.ts";
import { failure } from "#kit/status.ts";
import type { ConnectOptions } from "./options.ts";
import type { CommandChannels } from "./remote-command.ts";
import { parseSize, plainText } from "./websocket-command.ts";

/** What clients call the protocols, best first. */
export const SPDY_COMMAND_PROTOCOLS = [
  "v4.channel.k8s.io",
  "v3.channel.k8s.io",
  "v2.channel.k8s.io",
  "channel.k8s.io",
] as const;

/** How long a client may take to open the streams that it asked for. */
const OPEN_TIMEOUT_MS = 30_000;
const MAX_SIZE_BYTES = 1024;

/** Resolves when the client has opened a stream for every channel that the options ask for. */
export async function spdyChannels(
  connection: Duplex,
  protocol: string,
  options: ConnectOptions,
): Promise<CommandChannels> {
  const streams = new Map<string, SpdyStream>();
  const { promise: complete, resolve } = Promise.withResolvers<"complete">();
  const wanted = wantedStreams(protocol, options);
  const session = new SpdySession(connection, {
    role: "server",
    maxStreams: wanted.length,
    onStream: (stream) => {
      streams.set(stream.headers.streamtype ?? "", stream);
      if (wanted.every((type) => streams.has(type))) resolve("complete");
    },
  });
  const timer = setTimeout(() => connection.destroy(), OPEN_TIMEOUT_MS);
  const outcome = await Promise.race([complete, session.closed]);
  clearTimeout(timer);
  if (outcome !== "complete") throw failure("Timeout", "the client did not open the streams that it asked for");
  const isOld = protocol !== "v4.channel.k8s.io";
  return {
    stdin: streams.get("stdin"),
    stdout: streams.get("stdout"),
    stderr: streams.get("stderr"),
    onResize: (listener) => {
      let text = "";
      streams.get("resize")?.on("data", (chunk: Buffer) => {
        text = `${text}${chunk.toString()}`.slice(-MAX_SIZE_BYTES);
        const size = parseSize(Buffer.from(text.slice(text.lastIndexOf("{"))));
        if (size) listener(size);
      });
    },
    finish: async (result) => {
      streams.get("error")?.end(isOld ? plainText(result) : JSON.stringify(result));
      await session.close();
      await session.closed;
    },
    closed: session.closed.then(() => undefined),
  };
}

function wantedStreams(protocol: string, options: ConnectOptions): string[] {
  const hasResize = options.tty && /^v[34]\./.test(protocol);
  return [
    "error",
    ...(options.stdin ? ["stdin"] : []),
    ...(options.stdout ? ["stdout"] : []),
    ...(options.stderr && !options.tty ? ["stderr"] : []),
    ...(hasResize ? ["resize"] : []),
  ];
}
