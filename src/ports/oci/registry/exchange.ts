/** One request to the registry with its parsed address, and the ways to answer it. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { isDigest } from "#ports/blobs/digest.ts";
import { RegistryError } from "./errors.ts";
import type { Registry } from "./registry.ts";

export type Exchange = {
  registry: Registry;
  request: IncomingMessage;
  response: ServerResponse;
  query: URLSearchParams;
  repository: string;
  /** What follows the verb in the path: a tag, a digest or an upload id; empty when nothing does. */
  target: string;
};

/** Answers without a body. */
export function reply(response: ServerResponse, status: number, headers: Record<string, string | number> = {}): void {
  response.writeHead(status, { "Content-Length": 0, ...headers }).end();
}

export function replyJson(response: ServerResponse, body: unknown, headers: Record<string, string> = {}): void {
  const content = Buffer.from(JSON.stringify(body));
  response.writeHead(200, { "Content-Type": "application/json", "Content-Length": content.length, ...headers });
  response.end(content);
}

/** Sends a whole blob that fits into memory, or only its headers for HEAD. */
export function replyContent(exchange: Exchange, content: Buffer, headers: Record<string, string>): void {
  exchange.response.writeHead(200, { "Content-Length": content.length, ...headers });
  exchange.response.end(exchange.request.method === "HEAD" ? undefined : content);
}

/** The digest in the path. Throws DIGEST_INVALID when it is none. */
export function targetDigest(exchange: Exchange): string {
  if (isDigest(exchange.target)) return exchange.target;
  throw new RegistryError("DIGEST_INVALID", `"${exchange.target}" is not a sha256 or sha512 digest`);
}

/** A page of sorted names after `last`, at most `n`, with the header that leads to the next page. */
export function paginate(
  exchange: Exchange,
  path: string,
  names: string[],
): { names: string[]; headers: Record<string, string> } {
  const { query } = exchange;
  const last = query.get("last");
  const n = query.get("n") === null ? undefined : Number(query.get("n"));
  if (n !== undefined && (!Number.isSafeInteger(n) || n < 0))
    throw new RegistryError("UNSUPPORTED", `n is "${query.get("n")}", expected a whole number`);
  const rest = last === null ? names : names.filter((name) => name > last);
  const page = n === undefined ? rest : rest.slice(0, n);
  if (n === undefined || n === 0 || rest.length <= n) return { names: page, headers: {} };
  const next = new URLSearchParams({ n: String(n), last: page.at(-1) ?? "" });
  return { names: page, headers: { Link: `<${path}?${next}>; rel="next"` } };
}
