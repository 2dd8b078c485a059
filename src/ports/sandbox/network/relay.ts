/** A TCP relay: connections to one address go to another. */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { ServiceEndpoint } from "./services.ts";

export type RelayOptions = {
  host: string;
  /** 0 for any free port. */
  port: number;
  /** Where a new connection from `client` (an address) goes; it is reset when this is undefined. */
  target: (client: string) => ServiceEndpoint | undefined;
};

export interface Relay {
  readonly port: number;
  /** Stops listening and ends the connections. */
  close(): Promise<void>;
}

/** Listens. Rejects with the system's error when the address cannot be had. */
export async function listenRelay({ host, port, target }: RelayOptions): Promise<Relay> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (client) => {
    const place = target(client.remoteAddress ?? "");
    if (place) join(client, place, sockets);
    else client.resetAndDestroy();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port, exclusive: true }, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Both directions end by themselves; a failure of one side is a reset for the other. */
function join(client: Socket, { ip, port }: ServiceEndpoint, sockets: Set<Socket>): void {
  const server = connect({ host: ip, port, allowHalfOpen: true, noDelay: true });
  for (const [socket, other] of [
    [client, server],
    [server, client],
  ] as const) {
    sockets.add(socket);
    socket.on("error", () => other.resetAndDestroy());
    socket.on("close", () => {
      sockets.delete(socket);
      if (!other.destroyed && !other.writableEnded) other.destroy();
    });
  }
  server.on("connect", () => {
    client.pipe(server);
    server.pipe(client);
  });
}
