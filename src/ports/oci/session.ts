/** Requests to an OCI registry: plain HTTP on loopback, HTTPS elsewhere, with the Bearer token flow. */
import { ImageError, type RegistryCredentials } from "./image.ts";
import { type Reference, renderReference } from "./reference.ts";

export type RegistryClientOptions = {
  credentials?: RegistryCredentials;
  fetch?: typeof fetch;
};

type RegistryAction = "pull" | "push";

export type RegistryCall = {
  reference: Reference;
  /** Below `/v2/<repository>/`, or an absolute URL that the registry gave. */
  path: string;
  action: RegistryAction;
  method?: "GET" | "HEAD" | "POST" | "PUT";
  headers?: Record<string, string>;
  /** Called for every attempt. */
  body?: () => Uint8Array | ReadableStream<Uint8Array>;
  signal?: AbortSignal | undefined;
};

/** One client's connections; tokens are kept by repository and action. */
export class RegistrySession {
  private readonly options: RegistryClientOptions;
  private readonly tokens = new Map<string, string>();

  constructor(options: RegistryClientOptions = {}) {
    this.options = options;
  }

  /** The registry's answer, whatever its status, after one attempt to get a token. Throws ImageError when it cannot be reached. */
  async send(call: RegistryCall): Promise<Response> {
    const { reference, action } = call;
    const key = `${action} ${reference.host}/${reference.repository}`;
    const known = this.tokens.get(key) ?? (await this.options.credentials?.(reference.host, reference.repository));
    const first = await this.attempt(call, known);
    if (first.status !== 401) return first;
    await first.body?.cancel();
    const token = await this.fetchToken(call, first.headers.get("www-authenticate") ?? "");
    if (!token) throw failed(call, "the registry wants credentials and has none to offer");
    this.tokens.set(key, token);
    return await this.attempt(call, token);
  }

  private async attempt(call: RegistryCall, authorization: string | undefined): Promise<Response> {
    const { method = "GET", headers, body, signal } = call;
    return await this.fetch(call, urlOf(call), {
      method,
      headers: { ...headers, ...(authorization && { Authorization: authorization }) },
      ...(body && { body: body() as NonNullable<RequestInit["body"]>, duplex: "half" }),
      ...(signal && { signal }),
    });
  }

  private async fetch(call: RegistryCall, url: string, init: RequestInit): Promise<Response> {
    try {
      return await (this.options.fetch ?? fetch)(url, init);
    } catch (error) {
      call.signal?.throwIfAborted();
      const cause = (error as Error).cause ?? error;
      throw failed(call, `cannot reach ${url}: ${(cause as Error).message}`, error);
    }
  }

  private async fetchToken(call: RegistryCall, header: string): Promise<string | undefined> {
    const fields = parseChallenge(header);
    const url = fields?.realm ? URL.parse(fields.realm) : undefined;
    if (!fields || !url) return undefined;
    const actions = call.action === "push" ? "pull,push" : "pull";
    if (fields.service) url.searchParams.set("service", fields.service);
    url.searchParams.set("scope", fields.scope ?? `repository:${call.reference.repository}:${actions}`);
    const credentials = await this.options.credentials?.(call.reference.host, call.reference.repository);
    const headers = credentials ? { Authorization: credentials } : ({} as Record<string, string>);
    const { signal } = call;
    const response = await this.fetch(call, url.href, { headers, ...(signal && { signal }) });
    if (!response.ok) throw failed(call, `${url.origin} refused a token with status ${response.status}`);
    const body = (await response.json()) as { token?: string; access_token?: string };
    const token = body.token ?? body.access_token;
    return token ? `Bearer ${token}` : undefined;
  }
}

/** The fields of a `WWW-Authenticate: Bearer …` header, or undefined for other schemes. */
export function parseChallenge(header: string): Record<string, string> | undefined {
  if (!/^bearer /i.test(header)) return undefined;
  return Object.fromEntries([...header.matchAll(/(\w+)="([^"]*)"/g)].map((match) => [match[1], match[2]]));
}

/** The absolute URL of a call. */
export function urlOf({ reference, path }: Pick<RegistryCall, "reference" | "path">): string {
  return new URL(path, `${originOf(reference.host)}/v2/${reference.repository}/`).href;
}

function originOf(host: string): string {
  if (host === "docker.io") return "https://registry-1.docker.io";
  const name = host.replace(/:\d+$/, "");
  const isLoopback = name === "localhost" || name === "[::1]" || /^127(?:\.\d+){3}$/.test(name);
  return `${isLoopback ? "http" : "https"}://${host}`;
}

/** The response when it is a success. Throws ImageError with what the registry answered. */
export async function accepted(response: Response, call: RegistryCall): Promise<Response> {
  if (response.ok) return response;
  const text = (await response.text().catch(() => "")).slice(0, 300);
  throw failed(call, `${call.path} answered ${response.status}${text ? `: ${text}` : ""}`);
}

export function failed(
  { reference, action }: Pick<RegistryCall, "reference" | "action">,
  why: string,
  cause?: unknown,
): ImageError {
  return new ImageError("ErrImagePull", `cannot ${action} ${renderReference(reference)}: ${why}`, { cause });
}
