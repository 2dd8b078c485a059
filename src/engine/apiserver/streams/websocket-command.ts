/** Commands over a WebSocket: `v5.channel.k8s.io` and the protocols before it. */
import { isObject } from "#kit/json.ts";
import type { ConnectOptions } from "./options.ts";
import type { TerminalSize } from "./pod-streams.ts";
import type { CommandChannels, Outcome } from "./remote-command.ts";
import { type Accepted, ChannelSocket } from "./websocket.ts";

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const ERROR = 3;
const RESIZE = 4;
/** Since v5: the other side has ended the channel that the payload names. */
const CLOSE = 255;

/** The channels that the options ask for. */
export function webSocketChannels(accepted: Accepted, options: ConnectOptions): CommandChannels {
  const { protocol } = accepted;
  const socket = new ChannelSocket(accepted);
  const isOld = !/^v[45]\./.test(protocol);
  if (protocol.startsWith("v5.")) socket.listen(CLOSE, ([channel]) => socket.endInput(channel ?? CLOSE));
  // Clients may wait for a first message to know that the connection stands.
  void socket.send(options.stdout ? STDOUT : options.stderr ? STDERR : ERROR, Buffer.alloc(0));
  return {
    stdin: options.stdin ? socket.input(STDIN) : undefined,
    stdout: options.stdout ? socket.output(STDOUT) : undefined,
    stderr: options.stderr && !options.tty ? socket.output(STDERR) : undefined,
    onResize: (listener) =>
      socket.listen(RESIZE, (data) => {
        const size = parseSize(data);
        if (size) listener(size);
      }),
    finish: async (outcome) => {
      const text = isOld ? plainText(outcome) : JSON.stringify(outcome);
      if (text) await socket.send(ERROR, Buffer.from(text));
      socket.close();
    },
    closed: socket.closed,
  };
}

/** What is sent where a Status is not understood: nothing for success. */
export function plainText({ status, message = "" }: Outcome): string {
  return status === "Success" ? "" : message;
}

/** `{"Width":80,"Height":24}`; undefined for anything else. */
export function parseSize(data: Buffer): TerminalSize | undefined {
  try {
    const value: unknown = JSON.parse(data.toString());
    if (!isObject(value)) return undefined;
    const { Width: columns, Height: rows } = value;
    return typeof columns === "number" && typeof rows === "number" ? { columns, rows } : undefined;
  } catch {
    return undefined;
  }
}
