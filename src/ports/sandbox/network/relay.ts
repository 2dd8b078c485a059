/** A TCP relay: connections to one address go to another. */
import { createServer, type Socket } from "node:net";
import type { ServiceEndpoint } from "./services.ts";
import { ownSockets, type Sockets } from "./sockets/sockets.ts";

export type RelayOptions = {
  host: string;
  /** 0 for any free port. */
  port: number;
  /** Where a new connection from `client` (an address) goes; it is reset when this is undefined. */
  target: (client: string) => ServiceEndpoint | undefined;
  /** In which network it listens; default: this program's. */
  from?: Sockets;
  /** In which network it connects; default: this program's. */
  to?: Sockets;
};

export interface Relay {
  readonly port: number;
  /** Stops listening and ends the connections. */
  close(): Promise<void>;
}

/** Listens. Rejects with the system's error when the address cannot be had. */
export async function listenRelay(options: RelayOptions): Promise<Relay> {
  const { host, port, target, from = ownSockets, to = ownSockets } = options;
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (client) => {
    const place = target(client.remoteAddress ?? "");
    if (!place) return client.resetAndDestroy();
    hold(client, sockets);
    to.connect(place).then(
      (upstream) => join(client, hold(upstream, sockets)),
      () => client.resetAndDestroy(),
    );
  });
  const listening = await from.listen(server, { ip: host, port });
  return {
    port: listening,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function hold(socket: Socket, sockets: Set<Socket>): Socket {
  sockets.add(socket);
  socket.on("error", () => undefined);
  socket.on("close", () => sockets.delete(socket));
  return socket;
}

/** Both directions end by themselves; a failure of one side is a reset for the other. */
function join(client: Socket, upstream: Socket): void {
  for (const [socket, other] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    if (socket.destroyed) other.destroy();
    socket.on("error", () => other.resetAndDestroy());
    socket.on("close", () => {
      if (!other.destroyed && !other.writableEnded) other.destroy();
    });
  }
  client.pipe(upstream);
  upstream.pipe(client);
}
