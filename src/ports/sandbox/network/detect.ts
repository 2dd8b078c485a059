/** Chooses how pods are connected: namespaces of their own where they can be made, else ports of the host. */

import type { HostTools } from "../tools/host-tools.ts";
import type { NetworkHost } from "./host/host.ts";
import { machineHost } from "./host/machine.ts";
import { UnprivilegedHost } from "./host/unprivileged.ts";
import { createLoopbackNetwork } from "./loopback.ts";
import type { PodNetwork } from "./network.ts";
import { createRoutedNetwork, type RoutedNetworkOptions } from "./routed.ts";

export type NetworkDetection = {
  network: PodNetwork;
  /** Why pods do not get addresses of their own, Services none that all can use, or this machine no way to them. */
  problems: string[];
};

export type NetworkDetectionOptions = Omit<RoutedNetworkOptions, "host"> & {
  /** What the network may stand on, best first; the default depends on who runs this program. */
  hosts?: readonly NetworkHost[];
  /** What runs the tools that change this machine's network. Default: they are children of this program. */
  tools?: HostTools;
};

/** A network that is ready to use; what an earlier run left of it is gone unless it is still needed. */
export async function detectNetwork(options: NetworkDetectionOptions): Promise<NetworkDetection> {
  const { hosts = hostsFor(options), ...rest } = options;
  const problems: string[] = [];
  for (const host of hosts) {
    const network = createRoutedNetwork({ ...rest, host });
    try {
      await network.recover();
      return { network, problems: [...problems, ...problemsOf(network)] };
    } catch (error) {
      await network.close().catch(() => undefined);
      problems.push(`no pod network: ${(error as Error).message}`);
    }
  }
  problems.push("pods share the host's network and get ports of 127.0.0.1");
  return { network: createLoopbackNetwork({ start: Number.parseInt(options.instance, 16) }), problems };
}

function hostsFor({ instance, tools }: NetworkDetectionOptions): NetworkHost[] {
  const unprivileged = new UnprivilegedHost(instance, tools);
  return process.getuid?.() === 0 ? [machineHost(tools), unprivileged] : [unprivileged];
}

function problemsOf({ services, entrance, problems }: PodNetwork): string[] {
  const apart =
    "not root: this machine reaches pods and Services through the gateway, node ports and port-forward only";
  return [
    ...(entrance ? [apart] : []),
    ...problems,
    ...(services ? services.problems : ["nftables cannot be used: Services have no addresses; install nft"]),
  ];
}
