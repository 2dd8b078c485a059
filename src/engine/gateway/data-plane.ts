/** The HTTP server of the gateway: routes every request by the table of the moment. */
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { Sockets } from "#ports/sandbox/network/sockets/sockets.ts";
import { type Agents, createAgents, Exchange, type Route } from "./exchange.ts";
import { NO_REVISION, Pool } from "./pool.ts";
import { chooseSplit, EMPTY_TABLE, matchRoute, type RouteTable } from "./table.ts";
import { Tunnel } from "./tunnel.ts";

export type RevisionStats = { revision: string; concurrency: number; requests: number };

export type DataPlaneOptions = {
  /** Sockets that reach endpoints, where they are not reached from here. */
  sockets?: Sockets | undefined;
  onDemand: (revision: string) => void;
  onStats: (stats: RevisionStats[]) => void;
  /** From 0 to below 1. */
  random: () => number;
  /** Milliseconds that only grow. */
  now: () => number;
};

const REPORT_MS = 1_000;
const KEEP_ALIVE_MS = 75_000;

export class DataPlane {
  private readonly options: DataPlaneOptions;
  private readonly server: Server;
  private readonly agents: Agents;
  private readonly pools = new Map<string, Pool>();
  private table: RouteTable = EMPTY_TABLE;
  private reporter: NodeJS.Timeout | undefined;

  constructor(options: DataPlaneOptions) {
    this.options = options;
    this.agents = createAgents(options.sockets);
    this.server = createServer(
      { keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0, noDelay: true },
      (incoming, outgoing) => {
        const route = this.route(incoming);
        if (route) {
          new Exchange(incoming, outgoing, route, this.agents).start();
          return;
        }
        outgoing.writeHead(404, { "content-type": "text/plain; charset=utf-8" });
        outgoing.end(noRoute(incoming.headers.host));
      },
    );
    this.server.on("upgrade", (incoming: IncomingMessage, client: Duplex, head: Buffer) => {
      const route = this.route(incoming);
      if (route) new Tunnel(incoming, { client, head }, route, this.agents).start();
      else client.end(`HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n${noRoute(incoming.headers.host)}`);
    });
  }

  /** The port it listens on. Rejects when the port is taken. */
  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.server.once("error", reject);
      this.server.listen(port, host, () => resolve());
    });
    return (this.server.address() as AddressInfo).port;
  }

  /** Uses another table from now on; requests that are on their way end as they began. */
  update(table: RouteTable): void {
    this.table = table;
    for (const [revision, route] of Object.entries(table.revisions)) this.pool(revision).update(route);
    for (const [revision, pool] of this.pools) {
      if (table.revisions[revision]) continue;
      pool.update(NO_REVISION);
      if (!pool.isActive) this.pools.delete(revision);
    }
  }

  deactivate(revision: string): boolean {
    return this.pool(revision).deactivate();
  }

  activate(revision: string): void {
    this.pool(revision).activate();
  }

  async close(): Promise<void> {
    clearTimeout(this.reporter);
    for (const pool of this.pools.values()) pool.close();
    this.server.closeAllConnections();
    this.agents.keepAlive.destroy();
    this.agents.fresh.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private route(incoming: IncomingMessage): Route | undefined {
    const match = matchRoute(this.table, {
      host: incoming.headers.host ?? "",
      path: incoming.url ?? "/",
      header: (name) => incoming.headers[name]?.toString(),
    });
    const split = match && chooseSplit(match.path.splits, this.options.random());
    if (!match || !split) return undefined;
    this.reportLater();
    return { match, split, pool: this.pool(split.revision) };
  }

  private pool(revision: string): Pool {
    let pool = this.pools.get(revision);
    if (!pool) {
      pool = new Pool({ revision, now: this.options.now, onDemand: this.options.onDemand });
      this.pools.set(revision, pool);
    }
    return pool;
  }

  /** Reports every second while there is something to report. */
  private reportLater(): void {
    this.reporter ??= setTimeout(() => {
      this.reporter = undefined;
      const stats = [...this.pools.values()].filter(({ isActive }) => isActive).map((pool) => pool.report());
      if (stats.length === 0) return;
      this.options.onStats(stats);
      this.reportLater();
    }, REPORT_MS);
  }
}

function noRoute(host: string | undefined): string {
  return `no application is routed at ${host ?? "a request without a Host header"}: check the address, or wait until its Route is Ready\n`;
}
