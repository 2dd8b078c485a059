/** Channels over a WebSocket: the first byte of a message says which channel the rest is for. */
import type { IncomingMessage } from "node:http";
import { type Duplex, Readable, Writable } from "node:stream";
import { WebSocket, WebSocketServer } from "ws";
import { failure } from "#kit/status.ts";

export type Upgrade = { message: IncomingMessage; socket: Duplex; head: Buffer };

const PROTOCOL = "sec-websocket-protocol";
const MAX_MESSAGE_BYTES = 4 << 20;

/** What clients call the protocols of channels, best first. */
export const COMMAND_PROTOCOLS = [
  "v5.channel.k8s.io",
  "v4.channel.k8s.io",
  "v4.base64.channel.k8s.io",
  "channel.k8s.io",
  "base64.channel.k8s.io",
] as const;

/** An accepted WebSocket, and the protocol that was agreed on; empty when the client offered none. */
export type Accepted = { client: WebSocket; protocol: string };

/** Accepts a WebSocket with the first of `protocols` that the client offers. Throws BadRequest when it offers only others. */
export async function acceptWebSocket(
  { message, socket, head }: Upgrade,
  protocols: readonly string[],
): Promise<Accepted> {
  const offered = message.headers[PROTOCOL]?.split(",").map((name) => name.trim()) ?? [];
  const protocol = protocols.find((candidate) => offered.includes(candidate)) ?? "";
  if (offered.length > 0 && protocol === "")
    throw failure("BadRequest", `none of the protocols ${offered.join(", ")} is served: use ${protocols.join(" or ")}`);
  // The library insists on names that are tokens, and `SPDY/3.1+portforward.k8s.io` is none.
  delete message.headers[PROTOCOL];
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
  });
  server.on("headers", (headers) => {
    if (protocol !== "") headers.push(`Sec-WebSocket-Protocol: ${protocol}`);
  });
  return await new Promise((resolve, reject) => {
    socket.once("close", () => reject(failure("BadRequest", "the connection was closed")));
    server.handleUpgrade(message, socket, head, (client) => resolve({ client, protocol }));
  });
}

/** A WebSocket as numbered channels. */
export class ChannelSocket {
  readonly closed: Promise<void>;
  private readonly client: WebSocket;
  private readonly isBase64: boolean;
  private readonly inputs = new Map<number, Readable>();
  private readonly listeners = new Map<number, (data: Buffer) => void>();

  constructor({ client, protocol }: Accepted) {
    this.client = client;
    this.isBase64 = protocol.includes("base64");
    this.closed = new Promise((resolve) => client.once("close", () => resolve()));
    client.on("error", () => client.terminate());
    client.on("message", (message: Buffer) => this.take(message));
    client.once("close", () => {
      for (const input of this.inputs.values()) input.destroy();
    });
  }

  /** What comes in on a channel. The connection is not read while nobody reads this. */
  input(channel: number): Readable {
    const input = new Readable({
      read: () => {
        if (this.client.readyState === WebSocket.OPEN) this.client.resume();
      },
    });
    input.on("error", () => undefined);
    this.inputs.set(channel, input);
    return input;
  }

  /** Calls back with every message of a channel. */
  listen(channel: number, listener: (data: Buffer) => void): void {
    this.listeners.set(channel, listener);
  }

  /** Ends the input of a channel. */
  endInput(channel: number): void {
    this.inputs.get(channel)?.push(null);
    this.inputs.delete(channel);
  }

  /** What goes out on a channel; it takes more once the last message is on its way. */
  output(channel: number): Writable {
    const output = new Writable({
      write: (chunk: Buffer, _encoding, callback) => void this.send(channel, chunk).then(() => callback()),
    });
    output.on("error", () => undefined);
    return output;
  }

  /** Resolves when the message is on its way, or cannot be sent any more. */
  send(channel: number, data: Buffer): Promise<void> {
    return new Promise((resolve) => {
      const message = this.isBase64
        ? `${String.fromCharCode(0x30 + channel)}${data.toString("base64")}`
        : Buffer.concat([Buffer.of(channel), data]);
      this.client.send(message, { binary: !this.isBase64 }, () => resolve());
    });
  }

  close(): void {
    this.client.close(1000);
  }

  private take(message: Buffer): void {
    const first = message[0];
    if (first === undefined) return;
    const channel = this.isBase64 ? first - 0x30 : first;
    const rest = message.subarray(1);
    const data = this.isBase64 ? Buffer.from(rest.toString("latin1"), "base64") : rest;
    this.listeners.get(channel)?.(data);
    const input = this.inputs.get(channel);
    if (input && data.length > 0 && !input.push(data)) this.client.pause();
  }
}
