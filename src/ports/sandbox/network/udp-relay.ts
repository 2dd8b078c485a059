/** A UDP relay: datagrams to one address go to another, and the answers back to who asked. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import type { Relay } from "./relay.ts";
import type { ServiceEndpoint } from "./services.ts";
import type { Sockets } from "./sockets/sockets.ts";

/** A client that has been silent for so long is forgotten. */
const IDLE_MS = 30_000;
const MOST_CLIENTS = 256;
const ANY = "0.0.0.0";

/** A client, and the socket by which it speaks to the target; datagrams wait for that. */
type Flow = { socket: Promise<Socket>; idle: NodeJS.Timeout };

export type UdpRelayOptions = {
  host: string;
  port: number;
  target: ServiceEndpoint;
  /** The network of the target. */
  to: Sockets;
};

/** Listens. Rejects with the system's error when the address cannot be had. */
export async function listenUdpRelay({ host, port: at, target, to }: UdpRelayOptions): Promise<Relay> {
  const server = createSocket("udp4");
  const flows = new Map<string, Flow>();
  server.on("message", (datagram, { address, port }) => {
    const client = `${address}:${port}`;
    let flow = flows.get(client);
    if (!flow) {
      if (flows.size >= MOST_CLIENTS) return;
      flow = open(target, to, {
        answer: (bytes) => server.send(bytes, port, address),
        ended: () => flows.delete(client),
      });
      flows.set(client, flow);
    }
    flow.idle.refresh();
    flow.socket.then(
      (socket) => socket.send(datagram, target.port, target.ip),
      () => flows.delete(client),
    );
  });
  server.bind({ port: at, address: host, exclusive: true });
  await once(server, "listening");
  // What cannot be delivered is lost, as datagrams are.
  server.on("error", () => undefined);
  return {
    port: server.address().port,
    close: async () => {
      for (const { socket } of flows.values()) (await socket.catch(() => undefined))?.close();
      server.close();
    },
  };
}

/** A socket of its own for every client, so that answers find back. */
function open(target: ServiceEndpoint, to: Sockets, on: FlowEvents): Flow {
  const socket = createSocket("udp4");
  const idle = setTimeout(() => socket.close(), IDLE_MS).unref();
  socket.on("message", (bytes, { address, port }) => {
    if (address === target.ip && port === target.port) on.answer(bytes);
  });
  socket.on("error", () => undefined);
  socket.on("close", () => {
    clearTimeout(idle);
    on.ended();
  });
  return { socket: to.bind(socket, { ip: ANY, port: 0 }).then(() => socket), idle };
}

type FlowEvents = { answer: (bytes: Uint8Array) => void; ended: () => void };
