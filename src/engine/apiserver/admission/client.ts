/** Calls webhooks: HTTPS POST with the authority that the configuration names, over connections that are kept. */
import { Agent, type AgentOptions, request as requestHttps } from "node:https";
import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import { type ConnectionOptions, connect as connectTls, rootCertificates } from "node:tls";
import type { WebhookClientConfig } from "#api/builtin/types.gen.ts";

/** Where a service's port can be reached; undefined when nothing is behind it. Throws an Error that says why not. */
export type ResolveService = (
  namespace: string,
  name: string,
  port: number,
) => Promise<{ host: string; port: number } | undefined>;

const MAX_ANSWER_BYTES = 3 << 20;
const DEFAULT_PORT = 443;

export type WebhookClient = {
  /** Posts a body and returns the parsed answer. Throws an Error in the words of a real server. */
  call(config: WebhookClientConfig, body: object, options: CallOptions): Promise<unknown>;
  close(): void;
};

export type CallOptions = { timeoutSeconds: number; signal: AbortSignal | undefined };

type Address = { url: URL; shown: string; serverName: string };

/** Connects to an address that is only reached in a special way. Rejects in the words of a dialer. */
export type Dial = (place: { host: string; port: number }) => Promise<Duplex>;

/** One client per server; idle connections do not keep the program alive. `dial` says how to connect, if not simply. */
export function createWebhookClient(resolveService: ResolveService, dial?: () => Dial | undefined): WebhookClient {
  const agents = new Map<string, Agent>();
  const agentFor = (caBundle: string | undefined): Agent => {
    const key = caBundle ?? "";
    let agent = agents.get(key);
    if (!agent) {
      const ca = caBundle ? Buffer.from(caBundle, "base64").toString() : [...rootCertificates];
      agent = new DialingAgent({ keepAlive: true, ca }, dial);
      agents.set(key, agent);
    }
    return agent;
  };
  return {
    call: async (config, body, { timeoutSeconds, signal }) => {
      const timeout = AbortSignal.timeout(timeoutSeconds * 1000);
      const limit = signal ? AbortSignal.any([timeout, signal]) : timeout;
      const shown = `${shownUrl(config)}?timeout=${timeoutSeconds}s`;
      try {
        const address = await locate(config, shown, resolveService);
        const text = await post(address, JSON.stringify(body), { agent: agentFor(config.caBundle), signal: limit });
        return JSON.parse(text);
      } catch (error) {
        if (error instanceof AnswerError) throw new Error(`failed to call webhook: ${error.message}`, { cause: error });
        const why = timeout.aborted ? "context deadline exceeded" : reasonOf(error);
        throw new Error(`failed to call webhook: Post ${JSON.stringify(shown)}: ${why}`, { cause: error });
      }
    },
    close: () => {
      for (const agent of agents.values()) agent.destroy();
    },
  };
}

class DialingAgent extends Agent {
  private readonly dial: (() => Dial | undefined) | undefined;

  constructor(options: AgentOptions, dial: (() => Dial | undefined) | undefined) {
    super(options);
    this.dial = dial;
  }

  override createConnection(...[options, done]: Parameters<Agent["createConnection"]>): Duplex | null | undefined {
    const dial = this.dial?.();
    if (!dial) return super.createConnection(options, done);
    dial({ host: options.host ?? "", port: Number(options.port) }).then(
      (socket) => done?.(null, connectTls({ ...(options as ConnectionOptions), socket })),
      done as (error: Error) => void,
    );
    return undefined;
  }
}

/** The webhook answered, but not with what it should. */
class AnswerError extends Error {}

function shownUrl({ url, service }: WebhookClientConfig): string {
  if (!service) return url ?? "";
  const { namespace, name, path = "", port = DEFAULT_PORT } = service;
  return `https://${name}.${namespace}.svc:${port}${path.startsWith("/") || path === "" ? path : `/${path}`}`;
}

async function locate(config: WebhookClientConfig, shown: string, resolve: ResolveService): Promise<Address> {
  const url = new URL(shown);
  const { service } = config;
  if (!service) return { url, shown, serverName: isIP(url.hostname.replace(/^\[|\]$/g, "")) ? "" : url.hostname };
  const place = await resolve(service.namespace, service.name, service.port ?? DEFAULT_PORT);
  if (!place) throw new Error(`no endpoints available for service ${JSON.stringify(service.name)}`);
  url.hostname = place.host.includes(":") ? `[${place.host}]` : place.host;
  url.port = String(place.port);
  return { url, shown, serverName: `${service.name}.${service.namespace}.svc` };
}

function post(
  { url, shown, serverName }: Address,
  body: string,
  { agent, signal }: { agent: Agent; signal: AbortSignal },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = {
      host: new URL(shown).host,
      accept: "application/json, */*",
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
      "user-agent": "kube-apiserver-admission",
    };
    const options = { method: "POST", agent, signal, headers, ...(serverName && { servername: serverName }) };
    const outgoing = requestHttps(url, options, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_ANSWER_BYTES)
          response.destroy(new AnswerError(`the answer is larger than ${MAX_ANSWER_BYTES} bytes`));
        else chunks.push(chunk);
      });
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        const { statusCode = 0 } = response;
        if (statusCode >= 200 && statusCode < 300) resolve(text);
        else reject(new AnswerError(rejection(statusCode)));
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

function rejection(code: number): string {
  if (code === 404) return "the server could not find the requested resource";
  if (code === 503) return "the server is currently unable to handle the request";
  if (code >= 500) return `an error on the server ("HTTP ${code}") has prevented the request from succeeding`;
  return `the server rejected our request for an unknown reason (HTTP ${code})`;
}

const TLS_REASONS: { readonly [code: string]: string } = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "x509: certificate signed by unknown authority",
  SELF_SIGNED_CERT_IN_CHAIN: "x509: certificate signed by unknown authority",
  DEPTH_ZERO_SELF_SIGNED_CERT: "x509: certificate signed by unknown authority",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "x509: certificate signed by unknown authority",
  CERT_HAS_EXPIRED: "x509: certificate has expired or is not yet valid",
};

function reasonOf(error: unknown): string {
  const {
    code = "",
    message,
    address,
    port,
    hostname,
  } = error as NodeJS.ErrnoException & {
    address?: string;
    port?: number;
    hostname?: string;
  };
  if (code === "ECONNREFUSED") return `dial tcp ${address}:${port}: connect: connection refused`;
  if (code === "ENOTFOUND") return `dial tcp: lookup ${hostname}: no such host`;
  const tls = TLS_REASONS[code];
  if (tls) return `tls: failed to verify certificate: ${tls}`;
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return `tls: failed to verify certificate: x509: ${message}`;
  return message;
}
