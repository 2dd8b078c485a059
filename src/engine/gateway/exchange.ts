/** One request and its answer: waits for an endpoint, sends, tries again where that is safe, streams back. */
import { Agent, type ClientRequest, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { Sockets } from "#ports/sandbox/network/sockets/sockets.ts";
import { RequestBody } from "./body.ts";
import { requestHeaders, responseHeaders } from "./headers.ts";
import type { Pool, Slot, Waiter } from "./pool.ts";
import type { Match, Split } from "./table.ts";

/** The connection was never made: the endpoint cannot have seen the request. */
const NOT_CONNECTED = new Set(["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "EHOSTDOWN"]);
/** The endpoint went away; it may have seen the request. */
const CUT = new Set(["ECONNRESET", "EPIPE", "ECONNABORTED"]);
const MOST_CUTS = 2;

export type Route = { match: Match; split: Split; pool: Pool };
export type Agents = { keepAlive: Agent; fresh: Agent };

/**
 * Connections to endpoints: kept for the next request, or fresh after one of the kept ones turned out dead. `sockets`
 * make them, where endpoints are not reached from here.
 */
export function createAgents(sockets?: Sockets): Agents {
  const way = sockets && { createConnection: connectThrough(sockets) };
  const keepAlive = new Agent({ keepAlive: true, maxFreeSockets: 1024, scheduling: "lifo" });
  return { keepAlive: Object.assign(keepAlive, way), fresh: Object.assign(new Agent({ keepAlive: false }), way) };
}

function connectThrough(sockets: Sockets): Agent["createConnection"] {
  return ({ host, port }, done) => {
    sockets.connect({ ip: host ?? "", port: Number(port) }).then(
      (socket) => {
        // Whoever ends an idle connection ends all of it.
        socket.allowHalfOpen = false;
        done?.(null, socket);
      },
      done as (error: Error) => void,
    );
    return undefined;
  };
}

export class Exchange implements Waiter {
  private readonly incoming: IncomingMessage;
  private readonly outgoing: ServerResponse;
  private readonly route: Route;
  private readonly agents: Agents;
  private readonly body: RequestBody;
  private deadline: NodeJS.Timeout | undefined;
  private slot: Slot | undefined;
  private upstream: ClientRequest | undefined;
  private cuts = 0;
  private needsFresh = false;
  private over = false;

  constructor(incoming: IncomingMessage, outgoing: ServerResponse, route: Route, agents: Agents) {
    this.incoming = incoming;
    this.outgoing = outgoing;
    this.route = route;
    this.agents = agents;
    this.body = new RequestBody(incoming);
  }

  start(): void {
    const { pool } = this.route;
    pool.begin();
    this.deadline = setTimeout(() => this.timeOut(), pool.route.timeoutSeconds * 1000);
    this.outgoing.on("close", () => this.finish());
    this.outgoing.on("error", () => this.finish());
    this.incoming.on("error", () => this.finish());
    this.queue();
  }

  granted(slot: Slot): void {
    this.slot = slot;
    const { incoming, route } = this;
    const upstream = request({
      agent: this.needsFresh ? this.agents.fresh : this.agents.keepAlive,
      host: slot.host,
      port: slot.port,
      method: incoming.method ?? "GET",
      path: incoming.url ?? "/",
      setHost: false,
      headers: requestHeaders(incoming.rawHeaders, {
        clientAddress: incoming.socket.remoteAddress ?? "",
        host: incoming.headers.host ?? "",
        rewriteHost: route.match.rewriteHost,
        chunked: incoming.headers["transfer-encoding"] !== undefined,
        append: [route.match.path.appendHeaders, route.split.appendHeaders],
      }),
    });
    this.upstream = upstream;
    upstream.on("response", (answer) => this.respond(answer));
    upstream.on("error", (error: NodeJS.ErrnoException) => this.failed(upstream, error));
    this.body.sendTo(upstream);
  }

  private queue(): void {
    if (!this.route.pool.acquire(this)) this.refuse(503, "pending request queue full");
  }

  private respond(answer: IncomingMessage): void {
    const { outgoing } = this;
    if (this.over) return;
    outgoing.writeHead(answer.statusCode ?? 502, answer.statusMessage, responseHeaders(answer.rawHeaders));
    let flowing = false;
    answer.on("data", (chunk: Buffer) => {
      flowing = true;
      if (!outgoing.write(chunk)) answer.pause();
    });
    outgoing.on("drain", () => answer.resume());
    answer.on("end", () => {
      flowing = true;
      outgoing.end();
    });
    answer.on("close", () => {
      if (!answer.complete) outgoing.destroy();
    });
    // Headers go with the first bytes when those follow at once, and by themselves when they do not (event streams).
    setImmediate(() => {
      if (!flowing && !outgoing.destroyed) outgoing.flushHeaders();
    });
  }

  private failed(upstream: ClientRequest, error: NodeJS.ErrnoException): void {
    if (this.over || upstream !== this.upstream) return;
    if (this.outgoing.headersSent) {
      this.outgoing.destroy();
      return;
    }
    const { pool } = this.route;
    const code = error.code ?? "";
    if (this.slot && NOT_CONNECTED.has(code)) pool.markDown(this.slot);
    if (CUT.has(code) && !upstream.reusedSocket) this.cuts++;
    this.needsFresh = CUT.has(code);
    const again = (NOT_CONNECTED.has(code) || CUT.has(code)) && this.cuts <= MOST_CUTS && this.body.isReplayable;
    this.body.detach();
    this.leaveSlot();
    if (again) this.queue();
    else this.refuse(502, `the application closed the connection without an answer (${code || error.message})`);
  }

  private timeOut(): void {
    if (this.outgoing.headersSent) this.outgoing.destroy();
    else this.refuse(504, "request timeout");
  }

  private refuse(code: number, text: string): void {
    if (this.over || this.outgoing.headersSent) return;
    this.upstream?.destroy();
    this.outgoing.writeHead(code, { "content-type": "text/plain; charset=utf-8", connection: "close" });
    this.outgoing.end(`${text}\n`);
  }

  private leaveSlot(): void {
    const { slot } = this;
    this.slot = undefined;
    if (slot) this.route.pool.release(slot);
  }

  private finish(): void {
    if (this.over) return;
    this.over = true;
    clearTimeout(this.deadline);
    this.route.pool.cancel(this);
    if (!this.outgoing.writableFinished) this.upstream?.destroy();
    this.leaveSlot();
    this.route.pool.end();
  }
}
