/** Connections that ask to be upgraded: watches over WebSocket, one message per event. */
import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocket, WebSocketServer } from "ws";
import { failure, type Status } from "#kit/status.ts";
import type { Server } from "../server.ts";
import { admit } from "./head.ts";
import { statusOf } from "./render.ts";
import { runWatch, type WatchSink } from "./watch.ts";

/** What a client may call the protocol of a watch; the second one carries each message in base64. */
const BINARY = "binary.k8s.io";
const BASE64 = "base64.binary.k8s.io";

/** Nothing that a watcher sends means anything. */
const MAX_INCOMING_BYTES = 64 << 10;

const sockets = new WebSocketServer({
  noServer: true,
  clientTracking: false,
  maxPayload: MAX_INCOMING_BYTES,
  perMessageDeflate: false,
  handleProtocols: (offered) => [BASE64, BINARY].find((protocol) => offered.has(protocol)) ?? false,
});

export type Upgrade = { message: IncomingMessage; socket: Duplex; head: Buffer };

/** Serves a watch over a WebSocket; anything else is refused with a Status. Resolves when the connection has ended. */
export async function serveSocket({ message, socket, head }: Upgrade, server: Server): Promise<void> {
  const gone = new AbortController();
  const onError = (): void => {
    socket.destroy();
  };
  socket.on("error", onError);
  try {
    if (message.headers.upgrade?.toLowerCase() !== "websocket")
      throw failure("BadRequest", `the protocol ${message.headers.upgrade} is not served: use WebSocket`);
    const { request, rendering } = await admit(message, server, gone.signal);
    const answer = await server.handle(request);
    if (answer.kind !== "watch") throw failure("BadRequest", "only a watch can be read over a WebSocket");
    const client = await accept({ message, socket, head });
    await runWatch(sinkOf(client), answer, rendering);
  } catch (error) {
    refuse(socket, statusOf(error));
  } finally {
    gone.abort();
  }
}

function accept({ message, socket, head }: Upgrade): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    socket.once("close", () => reject(failure("BadRequest", "the connection was closed")));
    sockets.handleUpgrade(message, socket, head, resolve);
  });
}

function sinkOf(client: WebSocket): WatchSink {
  const isBase64 = client.protocol === BASE64;
  const isBinary = client.protocol === BINARY;
  client.on("error", () => client.terminate());
  return {
    write: (messages) => {
      if (client.readyState !== WebSocket.OPEN) return;
      for (const line of messages) {
        const event = line.subarray(0, line.length - 1);
        client.send(isBase64 ? event.toString("base64") : event, { binary: isBinary });
      }
    },
    backlog: () => client.bufferedAmount,
    end: () => client.close(1000),
    cut: () => client.terminate(),
    closed: new Promise((resolve) => {
      client.once("close", () => resolve());
      if (client.readyState === WebSocket.CLOSED) resolve();
    }),
  };
}

/** Answers a connection that speaks no proper HTTP (any more) with a Status, and closes it. */
export function refuse(socket: Duplex, status: Status): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = `${JSON.stringify(status)}\n`;
  socket.end(
    `HTTP/1.1 ${status.code} ${STATUS_CODES[status.code] ?? "Error"}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
