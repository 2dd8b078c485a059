/** Routes Services by nftables in the router's namespace, and serves node ports on the host's loopback. */
import { fileURLToPath } from "node:url";
import { isWithin } from "../address.ts";
import type { NetworkHost } from "../host/host.ts";
import { NodePorts } from "../node-ports.ts";
import { listenRelay, type Relay } from "../relay.ts";
import type { ServiceChanges, ServiceEndpoint, ServiceRoute, ServiceRouter } from "../services.ts";
import type { Sockets } from "../sockets/sockets.ts";
import { baseScript, type Fabric, NO_RULES, planRules, TABLE } from "./rules.ts";
import { staleConnections } from "./stale.ts";

const FORGET = fileURLToPath(new URL("forget.pl", import.meta.url));
const LOOPBACK = "127.0.0.1";

export type NftRouterOptions = Fabric & {
  host: NetworkHost;
  /** The router's network namespace on it. */
  namespace: string;
  hostAddress: string;
  podRange: string;
  problems: readonly string[];
};

export class NftRouter implements ServiceRouter {
  readonly isTransparent = true;
  readonly sockets: Sockets;
  readonly hostAddress: string;
  readonly podRange: string;
  private readonly options: NftRouterOptions;
  private readonly nodePorts: NodePorts;
  private readonly relays: Relay[] = [];
  private rules = NO_RULES;
  /** What is in force is that of an earlier run, until the first change replaces it in one step. */
  private isInherited = false;
  private last: Promise<void> = Promise.resolve();
  private isClosed = false;

  private constructor(options: NftRouterOptions) {
    this.options = options;
    this.hostAddress = options.hostAddress;
    this.podRange = options.podRange;
    this.sockets = options.host.sockets;
    this.nodePorts = new NodePorts(options.routerAddress, this.sockets);
  }

  /** Makes the empty table. Rejects when nftables cannot be used here. */
  static async create(options: NftRouterOptions): Promise<NftRouter> {
    const router = new NftRouter(options);
    await router.run(baseScript(options));
    return router;
  }

  /** Leaves what an earlier run has routed as it is until the first update, which must be of all Services. */
  static async inherit(options: NftRouterOptions): Promise<NftRouter> {
    const { host, namespace } = options;
    const tables = await host.run("nft", ["list", "tables"], { namespace });
    if (!tables.split("\n").includes(`table ${TABLE}`)) return await NftRouter.create(options);
    const router = new NftRouter(options);
    router.isInherited = true;
    return router;
  }

  get problems(): readonly string[] {
    return [...this.options.problems, ...this.nodePorts.problems];
  }

  update(changes: ServiceChanges): Promise<void> {
    const done = this.last.then(() => this.change(changes));
    this.last = done.catch(() => undefined);
    return done;
  }

  addressOf(ip: string, port: number): ServiceEndpoint {
    return { ip, port };
  }

  async relay(ports: readonly number[]): Promise<void> {
    const opened = ports.map(async (port) => {
      const target = (client: string) => (isWithin(this.podRange, client) ? { ip: LOOPBACK, port } : undefined);
      this.relays.push(await listenRelay({ host: this.hostAddress, port, target, from: this.sockets }));
    });
    await Promise.all(opened);
  }

  /** Ends what this program does for it; the rules go with the namespace. Updates are ignored from here on. */
  async close(): Promise<void> {
    this.isClosed = true;
    await this.last;
    await Promise.all([this.nodePorts.close(), ...this.relays.map((relay) => relay.close())]);
  }

  private async change(changes: ServiceChanges): Promise<void> {
    if (this.isClosed) return;
    const placed = new Map([...changes].map(([name, routes]) => [name, routes.map((route) => this.place(route))]));
    const { rules, script } = planRules(this.rules, placed);
    if (this.isInherited) await this.startOver(rules.services);
    else if (script) await this.run(script).catch(() => this.startOver(rules.services));
    this.isInherited = false;
    const stale = staleConnections(this.rules.services, placed, this.options.nodeAddresses);
    this.rules = rules;
    if (stale.length > 0) await this.forget(stale);
    await this.nodePorts.serve([...rules.services.values()].flat());
  }

  /** Without it, a UDP client that does not pause goes on being sent to an endpoint that has gone. */
  private async forget(stale: readonly string[]): Promise<void> {
    const { host, namespace } = this.options;
    await host.run("perl", [FORGET], { input: `${stale.join("\n")}\n`, namespace }).catch(() => undefined);
  }

  /** What is in force is not what we think: everything is written anew. */
  private async startOver(services: ServiceChanges): Promise<void> {
    await this.run(`${baseScript(this.options)}${planRules(NO_RULES, services).script}`);
  }

  /** Loopback addresses in endpoints are those of the host. */
  private place(route: ServiceRoute): ServiceRoute {
    const endpoints = route.endpoints.map((endpoint) =>
      endpoint.ip.startsWith("127.") ? { ...endpoint, ip: this.hostAddress } : endpoint,
    );
    return { ...route, endpoints };
  }

  private async run(script: string): Promise<void> {
    const { host, namespace } = this.options;
    await host.run("nft", ["-f", "-"], { input: script, namespace });
  }
}
