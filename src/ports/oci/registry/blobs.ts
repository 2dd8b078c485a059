/** GET, HEAD and DELETE of blobs, with byte ranges. */
import { pipeline } from "node:stream/promises";
import type { ByteRange } from "#ports/blobs/blob-store.ts";
import { RegistryError } from "./errors.ts";
import { type Exchange, reply, replyContent, targetDigest } from "./exchange.ts";

const IN_MEMORY = 64 * 1024;

/** Serves a blob of the repository. */
export async function getBlob(exchange: Exchange): Promise<void> {
  const digest = targetDigest(exchange);
  const { registry, request, response, repository } = exchange;
  const size = registry.hasBlob(repository, digest) ? await registry.blobs.size(digest) : undefined;
  if (size === undefined) throw new RegistryError("BLOB_UNKNOWN", `blob ${digest} is not in ${repository}`);
  const headers = {
    "Content-Type": "application/octet-stream",
    "Docker-Content-Digest": digest,
    ETag: `"${digest}"`,
    "Accept-Ranges": "bytes",
  };
  if (request.headers["if-none-match"] === headers.ETag) return reply(response, 304, headers);
  const range = parseRange(request.headers.range, size);
  if (range === "unsatisfiable") return reply(response, 416, { "Content-Range": `bytes */${size}` });
  if (!range && size <= IN_MEMORY) {
    const content = await registry.blobs.read(digest);
    if (content) return replyContent(exchange, content, headers);
  }
  const length = range ? range.end - range.start + 1 : size;
  response.writeHead(range ? 206 : 200, {
    ...headers,
    "Content-Length": length,
    ...(range && { "Content-Range": `bytes ${range.start}-${range.end}/${size}` }),
  });
  if (request.method === "HEAD") response.end();
  else await pipeline(registry.blobs.stream(digest, range), response);
}

export async function deleteBlob(exchange: Exchange): Promise<void> {
  const digest = targetDigest(exchange);
  if (!(await exchange.registry.unlinkBlob(exchange.repository, digest)))
    throw new RegistryError("BLOB_UNKNOWN", `blob ${digest} is not in ${exchange.repository}`);
  reply(exchange.response, 202);
}

/** A single byte range; undefined when there is none to honour (RFC 9110 lets a server ignore several). */
function parseRange(header: string | undefined, size: number): ByteRange | "unsatisfiable" | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  const [first, last] = [match?.[1] ?? "", match?.[2] ?? ""];
  if (!first && !last) return undefined;
  if (!first) return Number(last) === 0 ? "unsatisfiable" : { start: Math.max(0, size - Number(last)), end: size - 1 };
  if (last && Number(last) < Number(first)) return undefined;
  if (Number(first) >= size) return "unsatisfiable";
  return { start: Number(first), end: last ? Math.min(Number(last), size - 1) : size - 1 };
}
