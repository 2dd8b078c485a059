/** Sockets of one place in the network: this machine's, or a network namespace that this program is not in. */
import type { Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, connect, type Server, type Socket } from "node:net";

export type Place = { ip: string; port: number };

export interface Sockets {
  /** A TCP connection, whose two directions end by themselves. Rejects with the system's error. */
  connect(place: Place): Promise<Socket>;
  /** Makes a TCP server listen, port 0 for any free one; resolves with the port. Rejects with the system's error. */
  listen(server: Server, place: Place): Promise<number>;
  /** Binds a UDP socket that is not bound yet. Rejects with the system's error. */
  bind(socket: UdpSocket, place: Place): Promise<void>;
}

/** Sockets of the network that this program is in. */
export const ownSockets: Sockets = {
  connect: async ({ ip, port }) => {
    const socket = connect({ host: ip, port, allowHalfOpen: true, noDelay: true });
    await once(socket, "connect");
    return socket;
  },
  listen: async (server, { ip, port }) => {
    server.listen({ host: ip, port, exclusive: true });
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  },
  bind: async (socket, { ip, port }) => {
    socket.bind({ address: ip, port, exclusive: true });
    await once(socket, "listening");
  },
};
