/** Sockets by where a connection goes to: some ranges are reached from another network, everything else from here. */
import { isWithin } from "../address.ts";
import { RemoteSockets } from "./remote.ts";
import { ownSockets, type Sockets } from "./sockets.ts";

/** How any thread of this program reaches pods that it has no route to. Plain data. */
export type Entrance = {
  /** A process in the network from which they are reached. */
  pid: number;
  /** Addresses that are reached from there, e.g. 10.88.0.0/16. */
  ranges: readonly string[];
};

/** Sockets that reach the pods behind an entrance as well as everything else; `undefined`: this program's own. */
export function socketsAt(entrance: Entrance | undefined): Sockets {
  return entrance ? splitSockets(socketsInside(entrance.pid), entrance.ranges) : ownSockets;
}

/** Listens inside. */
export function splitSockets(inside: Sockets, ranges: readonly string[]): Sockets {
  const isInside = (address: string): boolean => ranges.some((range) => isWithin(range, address));
  return {
    connect: (place) => (isInside(place.ip) ? inside : ownSockets).connect(place),
    listen: (server, place) => inside.listen(server, place),
    bind: (socket, place) => inside.bind(socket, place),
  };
}

/** Sockets in the network of a process whose user namespace belongs to this user. */
export function socketsInside(pid: number): RemoteSockets {
  return new RemoteSockets(["nsenter", "--target", String(pid), "--user", "--net", "--preserve-credentials", "--"]);
}
