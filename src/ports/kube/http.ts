/** The transport to an API server over HTTPS. */
import { type IncomingMessage, request as requestHttp } from "node:http";
import { Agent, request as requestHttps } from "node:https";
import { deepFreeze } from "#kit/json.ts";
import { failure, type Status, StatusError } from "#kit/status.ts";
import { AccountTokens } from "./account-tokens.ts";
import { linesOf } from "./lines.ts";
import type { KubeRequest, Transport, WatchEvent } from "./transport.ts";

export type HttpTransportOptions = {
  /** `https://host:port`, without a path or with one that all requests go below. */
  server: string;
  /** PEM of the authority that signed the server's certificate; default: the system's. */
  ca?: string | undefined;
  /** PEM client certificate and key. */
  cert?: string | undefined;
  key?: string | undefined;
  /** Bearer token. */
  token?: string | undefined;
  userAgent?: string;
  clock?: () => Date;
};

type Agents = {
  own: Agent;
  /** Shows no client certificate: a server believes that more than a token. */
  anonymous: Agent;
};

/** Connections are kept open and reused; `close` ends them, with those of accounts. */
export function httpTransport(options: HttpTransportOptions): Transport {
  const { ca, cert, key } = options;
  const common = { keepAlive: true, scheduling: "lifo", ...(ca && { ca }) } as const;
  const own = new Agent({ ...common, ...(cert && { cert }), ...(key && { key }) });
  const agents = { own, anonymous: new Agent(common) };
  const close = async (): Promise<void> => {
    for (const agent of Object.values(agents)) agent.destroy();
  };
  return { ...over(agents, options), close };
}

function over({ own, anonymous }: Agents, options: HttpTransportOptions): Transport {
  const { token, userAgent = "slipway", clock = () => new Date() } = options;
  const base = new URL(options.server);
  const secure = base.protocol === "https:";
  const headers = {
    accept: "application/json",
    "user-agent": userAgent,
    ...(token && { authorization: `Bearer ${token}` }),
  };
  const open = (request: KubeRequest): Promise<IncomingMessage> =>
    send({
      base,
      request,
      headers,
      start: secure ? (url, init) => requestHttps(url, { ...init, agent: own }) : (url, init) => requestHttp(url, init),
    });
  const request = async (request: KubeRequest): Promise<unknown> => {
    const text = await textOf(await open(request));
    return deepFreeze(text === "" ? undefined : parseAnswer(text));
  };
  const tokens = new AccountTokens(request, clock);
  return {
    request,
    watch: (request) => watch(open, request),
    stream: async (request) => await open(request),
    as: async (account) => over({ own: anonymous, anonymous }, { ...options, token: await tokens.of(account) }),
    close: async () => undefined,
  };
}

type Init = { method: string; headers: Record<string, string | number>; signal?: AbortSignal };
type Sending = {
  base: URL;
  request: KubeRequest;
  headers: Record<string, string>;
  start: (url: URL, init: Init) => ReturnType<typeof requestHttp>;
};

/** Resolves with the head of a 2xx answer. Throws StatusError for any other. */
async function send({ base, request, headers, start }: Sending): Promise<IncomingMessage> {
  const { method, body, contentType = "application/json", signal } = request;
  const url = new URL(base.pathname.replace(/\/$/, "") + request.path, base);
  for (const [name, value] of Object.entries(request.query ?? {}))
    if (value !== undefined) url.searchParams.set(name, value);
  const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  const init: Init = {
    method,
    headers: {
      ...headers,
      ...(payload && { "content-type": contentType, "content-length": payload.length }),
    },
    ...(signal && { signal }),
  };
  const response = await attempt(() => start(url, init), payload);
  const { statusCode = 0 } = response;
  if (statusCode >= 200 && statusCode < 300) return response;
  throw errorOf(await textOf(response), statusCode);
}

/** Sends once more when an idle connection turned out to be closed before the server can have seen the request. */
async function attempt(
  start: () => ReturnType<typeof requestHttp>,
  payload: Buffer | undefined,
): Promise<IncomingMessage> {
  for (;;) {
    const outgoing = start();
    try {
      return await new Promise<IncomingMessage>((resolve, reject) => {
        outgoing.on("response", resolve);
        outgoing.on("error", reject);
        outgoing.end(payload);
      });
    } catch (error) {
      const stale = outgoing.reusedSocket && (error as NodeJS.ErrnoException).code === "ECONNRESET";
      if (!stale) throw error;
    }
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function parseAnswer(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function errorOf(text: string, code: number): StatusError {
  const body = parseAnswer(text) as Partial<Status> | string;
  if (typeof body === "object" && body?.kind === "Status") return new StatusError(body as Status);
  if (code === 404) return failure("NotFound", "the server could not find the requested resource");
  const message = `the server answered ${code}: ${text.slice(0, 200).trim() || "no message"}`;
  return failure("InternalError", message, undefined, code);
}

async function* watch(
  open: (request: KubeRequest) => Promise<IncomingMessage>,
  request: KubeRequest,
): AsyncGenerator<WatchEvent<unknown>> {
  const { signal } = request;
  if (signal?.aborted) return;
  try {
    const response = await open({ ...request, query: { ...request.query, watch: "true" } });
    for await (const line of linesOf(response)) {
      const event = JSON.parse(line) as { type: string; object: unknown };
      if (event.type === "ERROR") throw new StatusError(event.object as Status);
      yield deepFreeze(event) as WatchEvent<unknown>;
    }
  } catch (error) {
    if (!signal?.aborted) throw error;
  }
}
