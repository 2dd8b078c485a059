/**
 * Services without privileges: each virtual address 10.x.a.b has a loopback address 127.n.a.b, where this program
 * listens and passes TCP connections on. A port that may not be had (below 1024, or taken) is served by another one.
 */
import { listenRelay, type Relay } from "./relay.ts";
import type { ServiceChanges, ServiceEndpoint, ServiceRoute, ServiceRouter } from "./services.ts";
import { ownSockets } from "./sockets/sockets.ts";

const FIRST = 64;
const COUNT = 128;

/** The loopback address that stands for a virtual address; `start` spreads the programs of one host. */
export function loopbackAddressOf(ip: string, start: number): string {
  return `127.${FIRST + (start % COUNT)}.${ip.split(".").slice(2).join(".")}`;
}

type Listener = { relay: Relay; route: ServiceRoute };

export class UserspaceRouter implements ServiceRouter {
  readonly isTransparent = false;
  readonly podRange = undefined;
  readonly sockets = ownSockets;
  readonly hostAddress = "127.0.0.1";
  private readonly start: number;
  private readonly random: () => number;
  private readonly listeners = new Map<string, Listener>();
  private readonly services = new Map<string, readonly string[]>();
  private readonly refused = new Map<string, string>();
  private last: Promise<void> = Promise.resolve();

  /** `random` gives numbers from 0 to below 1, which choose endpoints. */
  constructor(options: { start: number; random: () => number }) {
    this.start = options.start;
    this.random = options.random;
  }

  get problems(): readonly string[] {
    return [...this.refused.values()];
  }

  update(changes: ServiceChanges): Promise<void> {
    this.last = this.last.then(async () => {
      for (const [name, routes] of changes) await this.replace(name, routes);
    });
    return this.last;
  }

  addressOf(ip: string, port: number): ServiceEndpoint {
    const address = loopbackAddressOf(ip, this.start);
    return { ip: address, port: this.listeners.get(`${ip}:${port}`)?.relay.port ?? port };
  }

  /** Pods share the host's network. */
  async relay(): Promise<void> {}

  async close(): Promise<void> {
    await this.update(new Map([...this.services.keys()].map((name) => [name, []])));
  }

  private async replace(name: string, routes: readonly ServiceRoute[]): Promise<void> {
    const wanted = new Map(
      routes.filter(({ protocol }) => protocol === "tcp").map((route) => [`${route.ip}:${route.port}`, route]),
    );
    for (const key of this.services.get(name) ?? []) if (!wanted.has(key)) await this.remove(key);
    for (const [key, route] of wanted) await this.serve(key, route);
    if (wanted.size > 0) this.services.set(name, [...wanted.keys()]);
    else this.services.delete(name);
  }

  private async serve(key: string, route: ServiceRoute): Promise<void> {
    const known = this.listeners.get(key);
    if (known) known.route = route;
    else
      try {
        const relay = await this.listen(key, route);
        this.listeners.set(key, { relay, route });
        this.refused.delete(key);
      } catch (error) {
        this.refused.set(key, `the Service at ${key} cannot be reached: ${(error as Error).message}`);
      }
  }

  private async remove(key: string): Promise<void> {
    const listener = this.listeners.get(key);
    this.listeners.delete(key);
    this.refused.delete(key);
    await listener?.relay.close();
  }

  private async listen(key: string, { ip, port }: ServiceRoute): Promise<Relay> {
    const host = loopbackAddressOf(ip, this.start);
    const target = () => this.choose(key);
    return await listenRelay({ host, port, target }).catch(() => listenRelay({ host, port: 0, target }));
  }

  private choose(key: string): ServiceEndpoint | undefined {
    const endpoints = this.listeners.get(key)?.route.endpoints ?? [];
    return endpoints[Math.floor(this.random() * endpoints.length)];
  }
}
