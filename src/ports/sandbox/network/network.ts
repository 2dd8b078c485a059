/** How a pod is connected: what the node asks for and what a container gets. */

export type NetworkAttachment = {
  /** `netns`: a network namespace of its own; `host`: shares the host's; `none`: no network at all. */
  kind: "netns" | "host" | "none";
  /** Where the host reaches the pod. */
  ip: string;
  /** Path of the network namespace when `kind` is `netns`. */
  netns?: string;
  /** The port at {@link ip} behind which a container port is reached. */
  port(containerPort: number): number;
};

export interface PodNetwork {
  readonly name: "bridge" | "loopback" | "fake";
  /** Whether a program must listen on the port that {@link NetworkAttachment.port} gives instead of its own. */
  readonly remapsPorts: boolean;
  /** Connects a pod. The same id gives the same attachment until it is released. */
  attach(podId: string, containerPorts: readonly number[]): Promise<NetworkAttachment>;
  release(podId: string): Promise<void>;
  /** Removes what an earlier run of the program left, and makes the network ready; once, however often it is called. */
  recover(): Promise<void>;
  /** Removes everything this network made on the host. */
  close(): Promise<void>;
}

/** No network: only the loopback interface of an empty namespace. */
export const NO_NETWORK: NetworkAttachment = { kind: "none", ip: "127.0.0.1", port: (port) => port };

/** The host's own network. */
export const HOST_NETWORK: NetworkAttachment = { kind: "host", ip: "127.0.0.1", port: (port) => port };
