/** How Services are routed: what a router is told, and what it offers. Knows nothing of Kubernetes objects. */
import type { Sockets } from "./sockets/sockets.ts";

export type Protocol = "tcp" | "udp" | "sctp";

export type ServiceEndpoint = { ip: string; port: number };

/** One port of a Service: a virtual address, and the places behind it. */
export type ServiceRoute = {
  protocol: Protocol;
  /** The virtual address. */
  ip: string;
  port: number;
  /** Port of the node that leads to the same endpoints. */
  nodePort?: number;
  /** For how long a client stays with its endpoint after its last connection; 0: every connection may get another. */
  affinitySeconds: number;
  /** Connections are refused when there are none. */
  endpoints: readonly ServiceEndpoint[];
};

/** By the name of a Service, its routes; an empty list takes all that it had away. */
export type ServiceChanges = ReadonlyMap<string, readonly ServiceRoute[]>;

export interface ServiceRouter {
  /** Sockets of the network in which {@link hostAddress} is. */
  readonly sockets: Sockets;
  /** Address of this host that pods reach. Endpoints in 127.0.0.0/8 are taken to be there. */
  readonly hostAddress: string;
  /** Addresses of pods, e.g. 10.88.0.0/16; undefined when they have none of their own. */
  readonly podRange: string | undefined;
  /** Whether clients use virtual addresses as they are; else {@link addressOf} says where to go instead. */
  readonly isTransparent: boolean;
  /** Puts routes in the place of those that the named Services had, all in one step. Rejects with the tool's own words. */
  update(changes: ServiceChanges): Promise<void>;
  /** Where clients on this node reach a port of a virtual address. */
  addressOf(ip: string, port: number): ServiceEndpoint;
  /** Lets pods reach TCP ports that listen on 127.0.0.1 of this host, at {@link hostAddress}. */
  relay(ports: readonly number[]): Promise<void>;
  /** Why some of it does not work here, one sentence each. */
  readonly problems: readonly string[];
}
