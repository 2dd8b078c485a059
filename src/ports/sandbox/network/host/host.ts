/** The host of a pod network: where its router is linked to, and where named network namespaces are. */
import type { HostRoute } from "../address.ts";
import type { Sockets } from "../sockets/sockets.ts";

export interface NetworkHost {
  /** A process that is in its network; undefined for that of the machine. */
  readonly pid: number | undefined;
  /** Sockets that reach pods and are reached by them. */
  readonly sockets: Sockets;
  /** Makes it ready. Rejects when that cannot be done here. */
  open(): Promise<void>;
  /** Runs a tool on it, or in one of its network namespaces; resolves with the output. Rejects with the tool's own words. */
  run(tool: string, args: readonly string[], options?: { input?: string; namespace?: string }): Promise<string>;
  /** Names of its network namespaces. */
  namespaces(): Promise<string[]>;
  /** By which paths this machine's programs enter one of them. */
  pathsOf(namespace: string): NamespacePaths;
  routes(): Promise<HostRoute[]>;
  /** The IPv4 address of one of its devices. */
  addressOf(device: string): Promise<string | undefined>;
  /** Takes it down again, as far as it is not the machine. */
  close(): Promise<void>;
}

/** `userns`: of the user namespace that owns the network namespace, where that is not the machine's own. */
export type NamespacePaths = { netns: string; userns?: string };

/** Where `ip netns` has them. */
export const NAMESPACES = "/run/netns";

/** Changes links, addresses and routes by `ip`, several in one process. Rejects with the first failure. */
export async function changeNetwork(host: NetworkHost, commands: readonly string[], namespace?: string): Promise<void> {
  const input = `${commands.join("\n")}\n`;
  await host.run("ip", ["-batch", "-"], { input, ...(namespace && { namespace }) });
}

/** Tries each of the commands, whatever becomes of the others. */
export async function removeNetwork(host: NetworkHost, commands: readonly string[]): Promise<void> {
  if (commands.length === 0) return;
  await host.run("ip", ["-force", "-batch", "-"], { input: `${commands.join("\n")}\n` }).catch(() => undefined);
}
