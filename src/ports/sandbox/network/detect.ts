/** Chooses how pods are connected: a bridge where one can be made, else ports of the host. */
import { createBridgeNetwork } from "./bridge.ts";
import { createLoopbackNetwork } from "./loopback.ts";
import type { PodNetwork } from "./network.ts";

export type NetworkDetection = {
  network: PodNetwork;
  /** Why pods do not get addresses of their own. */
  problems: string[];
};

/** A network that is ready to use; what an earlier run left of it is gone. `instance`: 8 hexadecimal digits. */
export async function detectNetwork(options: { instance: string; uid?: number }): Promise<NetworkDetection> {
  const loopback = createLoopbackNetwork({ start: Number.parseInt(options.instance, 16) });
  if ((options.uid ?? process.getuid?.()) !== 0)
    return { network: loopback, problems: ["not root: pods share the host's network and get ports of 127.0.0.1"] };
  const bridge = createBridgeNetwork(options);
  try {
    await bridge.recover();
    const probe = "probe";
    await bridge.attach(probe, []);
    await bridge.release(probe);
    return { network: bridge, problems: [] };
  } catch (error) {
    await bridge.close().catch(() => undefined);
    const why = `no pod network: ${(error as Error).message}; pods share the host's network and get ports of 127.0.0.1`;
    return { network: loopback, problems: [why] };
  }
}
