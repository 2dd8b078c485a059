/** How a pod is connected: what the node asks for and what a container gets. */
import type { ServiceRouter } from "./services.ts";
import type { Sockets } from "./sockets/sockets.ts";
import type { Entrance } from "./sockets/split.ts";

export type NetworkAttachment = {
  /** `netns`: a network namespace of its own; `host`: shares the host's; `none`: no network at all. */
  kind: "netns" | "host" | "none";
  /** Where the host reaches the pod. */
  ip: string;
  /** Path of the network namespace when `kind` is `netns`. */
  netns?: string;
  /** Path of the user namespace in which that is entered, where it is not the program's own. */
  userns?: string;
  /** Ports of the host by those of the container, where they differ. */
  ports?: Readonly<Record<number, number>>;
  /** The port at {@link ip} behind which a container port is reached. */
  port(containerPort: number): number;
};

export interface PodNetwork {
  readonly name: "routed" | "loopback" | "fake";
  /** Whether a program must listen on the port that {@link NetworkAttachment.port} gives instead of its own. */
  readonly remapsPorts: boolean;
  /** Sockets that reach pods at their addresses, and Services. */
  readonly sockets: Sockets;
  /** For other threads of this program, which get such sockets by {@link socketsAt}. */
  readonly entrance: Entrance | undefined;
  /** What of it does not work here, one sentence each. */
  readonly problems: readonly string[];
  /** Leads pods to Services; there is one after {@link recover} where that can be done. */
  readonly services: ServiceRouter | undefined;
  /** Connects a pod. The same id gives the same attachment until it is released. */
  attach(podId: string, containerPorts: readonly number[]): Promise<NetworkAttachment>;
  release(podId: string): Promise<void>;
  /**
   * Makes the network ready; once, however often it is called. Of what an earlier run of the program left, it keeps what
   * {@link adopt} may ask for.
   */
  recover(): Promise<void>;
  /**
   * Takes over attachments that containers of an earlier run still have, by pod, and removes all others that were left.
   * Returns the pods whose attachment is there. To be called before anything is attached.
   */
  adopt(attachments: ReadonlyMap<string, NetworkAttachment>): Promise<ReadonlySet<string>>;
  /** Removes everything this network made on the host. */
  close(): Promise<void>;
}

/** An attachment of its plain data. */
export function attachmentOf(data: Omit<NetworkAttachment, "port">): NetworkAttachment {
  return { ...data, port: (port) => data.ports?.[port] ?? port };
}

/** No network: only the loopback interface of an empty namespace. */
export const NO_NETWORK: NetworkAttachment = attachmentOf({ kind: "none", ip: "127.0.0.1" });

/** The host's own network. */
export const HOST_NETWORK: NetworkAttachment = attachmentOf({ kind: "host", ip: "127.0.0.1" });
