/** Node ports of Services on 127.0.0.1 of this host. */
import { listenRelay, type Relay } from "./relay.ts";
import type { Protocol, ServiceRoute } from "./services.ts";
import type { Sockets } from "./sockets/sockets.ts";
import { listenUdpRelay } from "./udp-relay.ts";

const HOST = "127.0.0.1";

type NodePort = { protocol: Protocol; port: number };

export class NodePorts {
  private readonly routerAddress: string;
  private readonly sockets: Sockets;
  private readonly relays = new Map<string, Relay>();
  private readonly refused = new Map<string, string>();

  /** `routerAddress`: where node ports are translated to endpoints; `sockets` reach it. */
  constructor(routerAddress: string, sockets: Sockets) {
    this.routerAddress = routerAddress;
    this.sockets = sockets;
  }

  /** Why some ports are not served. */
  get problems(): readonly string[] {
    return [...this.refused.values()];
  }

  /** Listens on the node ports of TCP and UDP routes, and on no others any more. Calls must not overlap. */
  async serve(routes: readonly ServiceRoute[]): Promise<void> {
    const wanted = new Map(routes.flatMap(nodePortsOf).map((place) => [`${place.protocol} ${place.port}`, place]));
    for (const key of this.refused.keys()) if (!wanted.has(key)) this.refused.delete(key);
    const gone = [...this.relays].filter(([key]) => !wanted.has(key));
    for (const [key] of gone) this.relays.delete(key);
    await Promise.all([
      ...gone.map(([, relay]) => relay.close()),
      ...[...wanted].map(([key, place]) => this.open(key, place)),
    ]);
  }

  async close(): Promise<void> {
    await this.serve([]);
  }

  private async open(key: string, place: NodePort): Promise<void> {
    if (this.relays.has(key)) return;
    try {
      this.relays.set(key, await this.listen(place));
      this.refused.delete(key);
    } catch (error) {
      this.refused.set(key, `node port ${place.port} is not served on ${HOST}: ${(error as Error).message}`);
    }
  }

  private async listen({ protocol, port }: NodePort): Promise<Relay> {
    const target = { ip: this.routerAddress, port };
    if (protocol === "udp") return await listenUdpRelay({ host: HOST, port, target, to: this.sockets });
    return await listenRelay({ host: HOST, port, target: () => target, to: this.sockets });
  }
}

function nodePortsOf({ protocol, nodePort }: ServiceRoute): NodePort[] {
  return nodePort && protocol !== "sctp" ? [{ protocol, port: nodePort }] : [];
}
