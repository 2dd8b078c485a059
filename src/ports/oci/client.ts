/** Reads images from any OCI registry: plain HTTP on loopback, HTTPS elsewhere, with the Bearer token flow. */
import { Readable } from "node:stream";
import { sha256 } from "#kit/names.ts";
import { ImageError } from "./image.ts";
import { MANIFEST_TYPES } from "./media-types.ts";
import { type Reference, renderReference } from "./reference.ts";

export type RegistryClientOptions = {
  /** The Authorization header for a host (`host:port`), such as `Basic …`; undefined to go without. */
  credentials?: (host: string) => Promise<string | undefined>;
  fetch?: typeof fetch;
};

export type FetchedManifest = { content: Buffer; mediaType: string; digest: string };

type Call = { reference: Reference; path: string; headers?: Record<string, string>; signal: AbortSignal | undefined };

const MAX_MANIFEST_BYTES = 8 * 1024 * 1024;

/** Every failure is an ImageError that names the image and what the registry answered. */
export class RegistryClient {
  private readonly options: RegistryClientOptions;
  private readonly tokens = new Map<string, string>();

  constructor(options: RegistryClientOptions = {}) {
    this.options = options;
  }

  /** The manifest or index that the reference names; checked against the reference's digest when it has one. */
  async manifest(reference: Reference, signal?: AbortSignal): Promise<FetchedManifest> {
    const path = `manifests/${reference.digest ?? reference.tag ?? "latest"}`;
    const response = await this.get({ reference, path, headers: { Accept: MANIFEST_TYPES.join(", ") }, signal });
    const content = await readLimited(response, reference);
    const digest = sha256(content);
    if (reference.digest?.startsWith("sha256:") && reference.digest !== digest)
      throw failed(reference, `the registry sent a manifest with digest ${digest}`);
    const mediaType = response.headers.get("content-type")?.split(";")[0] ?? "";
    return { content, mediaType, digest: reference.digest ?? digest };
  }

  /** A blob of the reference's repository as a stream; the caller checks the digest. */
  async blob(reference: Reference, digest: string, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const response = await this.get({ reference, path: `blobs/${digest}`, signal });
    if (!response.body) throw failed(reference, `blob ${digest} came without content`);
    return Readable.fromWeb(response.body as import("node:stream/web").ReadableStream<Uint8Array>);
  }

  private async get(call: Call): Promise<Response> {
    const key = `${call.reference.host}/${call.reference.repository}`;
    const known = this.tokens.get(key) ?? (await this.options.credentials?.(call.reference.host));
    const first = await this.send(call, known);
    if (first.status !== 401) return accepted(first, call);
    await first.body?.cancel();
    const token = await this.fetchToken(call, first.headers.get("www-authenticate") ?? "");
    if (!token) throw failed(call.reference, "the registry wants credentials and has none to offer");
    this.tokens.set(key, token);
    return accepted(await this.send(call, token), call);
  }

  private async send(call: Call, authorization: string | undefined): Promise<Response> {
    const { reference, path, headers, signal } = call;
    const url = `${originOf(reference.host)}/v2/${reference.repository}/${path}`;
    return this.fetch(reference, url, { ...headers, ...(authorization && { Authorization: authorization }) }, signal);
  }

  private async fetch(
    reference: Reference,
    url: string,
    headers: Record<string, string>,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    try {
      return await (this.options.fetch ?? fetch)(url, { headers, ...(signal && { signal }) });
    } catch (error) {
      signal?.throwIfAborted();
      const cause = (error as Error).cause ?? error;
      throw failed(reference, `cannot reach ${url}: ${(cause as Error).message}`, error);
    }
  }

  private async fetchToken(call: Call, header: string): Promise<string | undefined> {
    const fields = parseChallenge(header);
    if (!fields?.realm) return undefined;
    const url = URL.parse(fields.realm);
    if (!url) return undefined;
    if (fields.service) url.searchParams.set("service", fields.service);
    url.searchParams.set("scope", fields.scope ?? `repository:${call.reference.repository}:pull`);
    const credentials = await this.options.credentials?.(call.reference.host);
    const headers = credentials ? { Authorization: credentials } : ({} as Record<string, string>);
    const response = await this.fetch(call.reference, url.href, headers, call.signal);
    if (!response.ok) throw failed(call.reference, `${url.origin} refused a token with status ${response.status}`);
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

function originOf(host: string): string {
  if (host === "docker.io") return "https://registry-1.docker.io";
  const name = host.replace(/:\d+$/, "");
  const isLoopback = name === "localhost" || name === "[::1]" || /^127(?:\.\d+){3}$/.test(name);
  return `${isLoopback ? "http" : "https"}://${host}`;
}

async function accepted(response: Response, call: Call): Promise<Response> {
  if (response.ok) return response;
  const text = (await response.text().catch(() => "")).slice(0, 300);
  throw failed(call.reference, `${call.path} answered ${response.status}${text ? `: ${text}` : ""}`);
}

async function readLimited(response: Response, reference: Reference): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MAX_MANIFEST_BYTES) throw failed(reference, `its manifest is larger than ${MAX_MANIFEST_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function failed(reference: Reference, why: string, cause?: unknown): ImageError {
  return new ImageError("ErrImagePull", `cannot pull ${renderReference(reference)}: ${why}`, { cause });
}
