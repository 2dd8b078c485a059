/** A UDP relay: datagrams to one address go to another, and the answers back to who asked. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import type { Relay } from "./relay.ts";
import type { ServiceEndpoint } from "./services.ts";

/** A client that has been silent for so long is forgotten. */
const IDLE_MS = 30_000;
const MOST_CLIENTS = 256;

type Flow = { socket: Socket; idle: NodeJS.Timeout };

/** Listens. Rejects with the system's error when the address cannot be had. */
export async function listenUdpRelay(place: { host: string; port: number; target: ServiceEndpoint }): Promise<Relay> {
  const server = createSocket("udp4");
  const flows = new Map<string, Flow>();
  server.on("message", (datagram, { address, port }) => {
    const client = `${address}:${port}`;
    let flow = flows.get(client);
    if (!flow) {
      if (flows.size >= MOST_CLIENTS) return;
      flow = open(place.target, {
        answer: (bytes) => server.send(bytes, port, address),
        ended: () => flows.delete(client),
      });
      flows.set(client, flow);
    }
    flow.idle.refresh();
    flow.socket.send(datagram, place.target.port, place.target.ip);
  });
  server.bind({ port: place.port, address: place.host, exclusive: true });
  await once(server, "listening");
  // What cannot be delivered is lost, as datagrams are.
  server.on("error", () => undefined);
  return {
    port: server.address().port,
    close: async () => {
      for (const { socket } of [...flows.values()]) socket.close();
      server.close();
    },
  };
}

/** A socket of its own for every client, so that answers find back. */
function open(target: ServiceEndpoint, on: { answer: (bytes: Uint8Array) => void; ended: () => void }): Flow {
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
  return { socket, idle };
}
