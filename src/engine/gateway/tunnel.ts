/** A request that leaves HTTP (WebSocket): after the endpoint agrees, bytes pass both ways untouched. */
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import type { Duplex } from "node:stream";
import type { Agents, Route } from "./exchange.ts";
import { requestHeaders, responseHeaders } from "./headers.ts";
import type { Slot, Waiter } from "./pool.ts";

export class Tunnel implements Waiter {
  private readonly incoming: IncomingMessage;
  private readonly client: Duplex;
  private readonly head: Buffer;
  private readonly route: Route;
  private readonly agents: Agents;
  private deadline: NodeJS.Timeout | undefined;
  private slot: Slot | undefined;
  private upstream: ClientRequest | undefined;
  private endpoint: Duplex | undefined;
  private answered = false;
  private over = false;

  constructor(
    incoming: IncomingMessage,
    { client, head }: { client: Duplex; head: Buffer },
    route: Route,
    agents: Agents,
  ) {
    this.incoming = incoming;
    this.client = client;
    this.head = head;
    this.agents = agents;
    this.route = route;
  }

  start(): void {
    const { pool } = this.route;
    pool.begin();
    this.deadline = setTimeout(() => this.refuse(504, "request timeout"), pool.route.timeoutSeconds * 1000);
    this.client.on("close", () => this.finish());
    this.client.on("error", () => this.finish());
    this.queue();
  }

  granted(slot: Slot): void {
    this.slot = slot;
    const { incoming, route } = this;
    const headers = requestHeaders(incoming.rawHeaders, {
      clientAddress: incoming.socket.remoteAddress ?? "",
      host: incoming.headers.host ?? "",
      rewriteHost: route.match.rewriteHost,
      chunked: false,
      append: [route.match.path.appendHeaders, route.split.appendHeaders],
    });
    headers.push("Connection", "Upgrade", "Upgrade", incoming.headers.upgrade ?? "");
    const upstream = request({
      agent: this.agents.fresh,
      host: slot.host,
      port: slot.port,
      method: incoming.method ?? "GET",
      path: incoming.url ?? "/",
      setHost: false,
      headers,
    });
    this.upstream = upstream;
    upstream.on("upgrade", (answer, socket, first) => this.open(answer, socket, first));
    upstream.on("response", (answer) => this.decline(answer));
    upstream.on("error", (error: NodeJS.ErrnoException) => this.failed(error));
    upstream.end();
  }

  private queue(): void {
    if (!this.route.pool.acquire(this)) this.refuse(503, "pending request queue full");
  }

  private open(answer: IncomingMessage, endpoint: Duplex, first: Buffer): void {
    clearTimeout(this.deadline);
    this.answered = true;
    this.endpoint = endpoint;
    if (this.over) {
      endpoint.destroy();
      return;
    }
    const { client } = this;
    client.write(
      statusLines(answer, [
        ...responseHeaders(answer.rawHeaders),
        "Connection",
        "Upgrade",
        "Upgrade",
        answer.headers.upgrade ?? "",
      ]),
    );
    if (first.length > 0) client.write(first);
    if (this.head.length > 0) endpoint.write(this.head);
    endpoint.on("error", () => client.destroy());
    endpoint.on("close", () => client.destroy());
    client.pipe(endpoint);
    endpoint.pipe(client);
  }

  /** The endpoint answered without upgrading: its answer goes to the client as it is. */
  private decline(answer: IncomingMessage): void {
    clearTimeout(this.deadline);
    this.answered = true;
    this.client.write(statusLines(answer, [...responseHeaders(answer.rawHeaders), "Connection", "close"]));
    answer.on("error", () => this.client.destroy());
    answer.pipe(this.client);
  }

  private failed(error: NodeJS.ErrnoException): void {
    if (this.over) return;
    if (this.answered) {
      this.client.destroy();
      return;
    }
    const { pool } = this.route;
    const refused = error.code === "ECONNREFUSED" || error.code === "EHOSTUNREACH";
    if (this.slot && refused) pool.markDown(this.slot);
    this.leaveSlot();
    if (refused) this.queue();
    else this.refuse(502, `the application closed the connection without an answer (${error.code ?? error.message})`);
  }

  private refuse(code: number, text: string): void {
    if (this.over || this.answered) return;
    this.answered = true;
    const body = `${text}\n`;
    const head = `HTTP/1.1 ${code} \r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`;
    this.client.end(`${head}${body}`);
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
    this.upstream?.destroy();
    this.endpoint?.destroy();
    this.leaveSlot();
    this.route.pool.end();
  }
}

function statusLines(answer: IncomingMessage, headers: readonly string[]): string {
  let lines = `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage ?? ""}\r\n`;
  for (let at = 0; at < headers.length; at += 2) lines += `${headers[at]}: ${headers[at + 1]}\r\n`;
  return `${lines}\r\n`;
}
