/** Connections that ask to be upgraded: watches and logs over WebSocket, and whatever connects to pods. */
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocket } from "ws";
import { failure, type Status } from "#kit/status.ts";
import type { Server } from "../server.ts";
import { connectPod, isUpgradeTarget } from "../streams/connect.ts";
import { proxyUpgrade } from "../streams/proxy.ts";
import { type Accepted, acceptWebSocket, type Upgrade } from "../streams/websocket.ts";
import { type Admitted, admit } from "./head.ts";
import { statusOf } from "./render.ts";
import { parseTarget } from "./request.ts";
import { runWatch, type WatchSink } from "./watch.ts";

/** What a client may call the protocol of a watch or log; the second one carries each message in base64. */
const BINARY = "binary.k8s.io";
const BASE64 = "base64.binary.k8s.io";
/** So often the operating system asks whether a silent client is still there. */
const KEEP_ALIVE_MS = 30_000;

/** Serves an upgraded connection; what cannot be upgraded is refused with a Status. Resolves when it has ended. */
export async function serveSocket(upgrade: Upgrade, server: Server): Promise<void> {
  const { message, socket } = upgrade;
  const gone = new AbortController();
  socket.on("error", () => socket.destroy());
  message.socket.setKeepAlive(true, KEEP_ALIVE_MS);
  try {
    const run = await prepare(upgrade, await admit(message, server, gone.signal), server);
    await run().catch(() => socket.destroy());
  } catch (error) {
    refuse(socket, statusOf(error));
  } finally {
    gone.abort();
  }
}

/** Upgrades the connection; what is returned serves it. Throws StatusError when it is not to be upgraded. */
async function prepare(
  upgrade: Upgrade,
  { request, rendering }: Admitted,
  server: Server,
): Promise<() => Promise<void>> {
  const target = parseTarget(request.path);
  if (target?.subresource === "proxy") return await proxyUpgrade(upgrade, request, target, server);
  if (target && isUpgradeTarget(target)) return await connectPod(upgrade, request, target, server);
  const { upgrade: protocol } = upgrade.message.headers;
  if (protocol?.toLowerCase() !== "websocket")
    throw failure("BadRequest", `the protocol ${protocol} is not served: use WebSocket`);
  const answer = await server.handle(request);
  if (answer.kind !== "watch" && answer.kind !== "stream")
    throw failure("BadRequest", "only a watch or a log can be read over a WebSocket");
  const accepted = await acceptWebSocket(upgrade, [BASE64, BINARY]);
  if (answer.kind === "watch") return () => runWatch(sinkOf(accepted), answer, rendering);
  return () => sendChunks(accepted, answer.chunks);
}

async function sendChunks({ client, protocol }: Accepted, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const isBase64 = protocol === BASE64;
  client.on("error", () => client.terminate());
  for await (const chunk of chunks) {
    if (client.readyState !== WebSocket.OPEN) return;
    const message = isBase64 ? Buffer.from(chunk).toString("base64") : chunk;
    await new Promise<void>((resolve) => client.send(message, { binary: !isBase64 }, () => resolve()));
  }
  client.close(1000);
}

function sinkOf({ client, protocol }: Accepted): WatchSink {
  const isBase64 = protocol === BASE64;
  const isBinary = protocol === BINARY;
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
