/** GET, HEAD, PUT and DELETE of manifests by tag or digest. */
import { DigestMismatch, isDigest } from "#ports/blobs/digest.ts";
import { isTag } from "../reference.ts";
import { RegistryError } from "./errors.ts";
import { type Exchange, reply, replyContent } from "./exchange.ts";

const MAX_MANIFEST_BYTES = 8 * 1024 * 1024;

export async function getManifest(exchange: Exchange): Promise<void> {
  const { registry, repository, target } = exchange;
  const stored = registry.manifest(repository, target);
  const content = stored && (await registry.blobs.read(stored.digest));
  if (!content) throw unknown(exchange);
  const etag = `"${stored.digest}"`;
  const headers = { "Content-Type": stored.mediaType, "Docker-Content-Digest": stored.digest, ETag: etag };
  if (exchange.request.headers["if-none-match"] === etag) return reply(exchange.response, 304, headers);
  replyContent(exchange, content, headers);
}

export async function putManifest(exchange: Exchange): Promise<void> {
  const { registry, repository, target, request, query } = exchange;
  const byDigest = isDigest(target);
  const tags = [...(byDigest ? [] : [target]), ...query.getAll("tag")];
  for (const tag of tags)
    if (!isTag(tag)) throw new RegistryError("MANIFEST_INVALID", `"${tag}" is neither a tag nor a digest`);
  const mediaType = request.headers["content-type"];
  try {
    const content = await readBody(exchange);
    const put = { content, tags, ...(mediaType && { mediaType }), ...(byDigest && { digest: target }) };
    const { digest, subject } = await registry.putManifest(repository, put);
    reply(exchange.response, 201, {
      Location: `/v2/${repository}/manifests/${digest}`,
      "Docker-Content-Digest": digest,
      ...(subject && { "OCI-Subject": subject }),
      ...(query.has("tag") && { "OCI-Tag": query.getAll("tag").join(", ") }),
    });
  } catch (error) {
    if (error instanceof DigestMismatch) throw new RegistryError("DIGEST_INVALID", error.message);
    throw error;
  }
}

export async function deleteManifest(exchange: Exchange): Promise<void> {
  const { registry, repository, target } = exchange;
  const deleted = isDigest(target)
    ? await registry.deleteManifest(repository, target)
    : await registry.deleteTag(repository, target);
  if (!deleted) throw unknown(exchange);
  reply(exchange.response, 202);
}

/** Reads to the end even when it is too much: a client that is still sending would not see the answer. */
async function readBody(exchange: Exchange): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of exchange.request) {
    size += (chunk as Buffer).length;
    if (size <= MAX_MANIFEST_BYTES) chunks.push(chunk as Buffer);
  }
  if (size <= MAX_MANIFEST_BYTES) return Buffer.concat(chunks);
  throw new RegistryError("SIZE_INVALID", `the manifest is larger than ${MAX_MANIFEST_BYTES} bytes`);
}

function unknown(exchange: Exchange): RegistryError {
  return new RegistryError("MANIFEST_UNKNOWN", `${exchange.repository} has no manifest ${exchange.target}`);
}
