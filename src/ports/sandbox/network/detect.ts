/** Chooses how pods are connected: a bridge where one can be made, else ports of the host. */
import { createLoopbackNetwork } from "./loopback.ts";
import type { PodNetwork } from "./network.ts";
import { createRoutedNetwork, type RoutedNetworkOptions } from "./routed.ts";

export type NetworkDetection = {
  network: PodNetwork;
  /** Why pods do not get addresses of their own, or Services none that all can use. */
  problems: string[];
};

/** A network that is ready to use; what an earlier run left of it is gone. */
export async function detectNetwork(options: RoutedNetworkOptions & { uid?: number }): Promise<NetworkDetection> {
  const loopback = createLoopbackNetwork({ start: Number.parseInt(options.instance, 16) });
  if ((options.uid ?? process.getuid?.()) !== 0)
    return { network: loopback, problems: ["not root: pods share the host's network and get ports of 127.0.0.1"] };
  const routed = createRoutedNetwork(options);
  try {
    await routed.recover();
    return { network: routed, problems: problemsOf(routed) };
  } catch (error) {
    await routed.close().catch(() => undefined);
    const why = `no pod network: ${(error as Error).message}; pods share the host's network and get ports of 127.0.0.1`;
    return { network: loopback, problems: [why] };
  }
}

function problemsOf({ services }: PodNetwork): string[] {
  return services ? [...services.problems] : ["nftables cannot be used: Services have no addresses; install nft"];
}
