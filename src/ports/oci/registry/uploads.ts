/** Blob uploads: in one request, in chunks, or by mounting what another repository has. */
import { randomUUID } from "node:crypto";
import type { BlobWriter } from "#ports/blobs/blob-writer.ts";
import { DigestMismatch, isAlgorithm, isDigest, parseDigest } from "#ports/blobs/digest.ts";
import { RegistryError } from "./errors.ts";
import { type Exchange, reply } from "./exchange.ts";
import type { Registry } from "./registry.ts";

type Session = { repository: string; writer: BlobWriter; busy: boolean };

const MAX_SESSIONS = 1024;

/** The unfinished uploads of one registry. They end with the process; the least recently used go when too many are open. */
export class Uploads {
  private readonly registry: Registry;
  private readonly sessions = new Map<string, Session>();

  constructor(registry: Registry) {
    this.registry = registry;
  }

  /** POST: mounts, takes the whole blob, or opens a session. `mayRead` says whether the caller may see the source. */
  async start(exchange: Exchange, mayRead: (repository: string) => Promise<boolean>): Promise<void> {
    const { query, repository } = exchange;
    const mount = query.get("mount");
    if (mount && (await this.canMount(mount, query.get("from"), mayRead))) return this.finish(exchange, mount);
    const algorithm = query.get("digest-algorithm") ?? parseDigest(query.get("digest") ?? "")?.algorithm ?? "sha256";
    if (!isAlgorithm(algorithm))
      throw new RegistryError("DIGEST_INVALID", `digest algorithm ${algorithm} is not supported: use sha256 or sha512`);
    const digest = query.has("digest") ? requestedDigest(exchange) : undefined;
    const session = { repository, writer: await this.registry.blobs.writer(algorithm), busy: false };
    if (digest) return this.complete(exchange, session, digest);
    const id = randomUUID();
    await this.dropOldest();
    this.sessions.set(id, session);
    this.replyProgress(exchange.response, 202, id, session);
  }

  /** PATCH: appends a chunk. A chunk out of order is refused with what has arrived so far. */
  async append(exchange: Exchange): Promise<void> {
    const session = this.session(exchange);
    await this.receive(exchange, session);
    this.replyProgress(exchange.response, 202, exchange.target, session);
  }

  /** PUT: appends the last chunk, if any, and closes the upload. */
  async close(exchange: Exchange): Promise<void> {
    const session = this.session(exchange);
    const digest = requestedDigest(exchange);
    this.checkOrder(exchange, session);
    this.sessions.delete(exchange.target);
    await this.complete(exchange, session, digest);
  }

  /** GET: how much has arrived. */
  progress(exchange: Exchange): void {
    this.replyProgress(exchange.response, 204, exchange.target, this.session(exchange));
  }

  /** DELETE: forgets the upload. */
  async cancel(exchange: Exchange): Promise<void> {
    const session = this.session(exchange);
    this.sessions.delete(exchange.target);
    await session.writer.abort();
    reply(exchange.response, 204);
  }

  private async canMount(
    digest: string,
    from: string | null,
    mayRead: (repository: string) => Promise<boolean>,
  ): Promise<boolean> {
    if (!isDigest(digest)) throw new RegistryError("DIGEST_INVALID", `"${digest}" is not a sha256 or sha512 digest`);
    if (from === null) return this.registry.holdsBlob(digest) && (await this.registry.blobs.has(digest));
    return this.registry.hasBlob(from, digest) && (await mayRead(from)) && (await this.registry.blobs.has(digest));
  }

  private async complete(exchange: Exchange, session: Session, digest: string): Promise<void> {
    try {
      await this.receive(exchange, session);
      await session.writer.commit(digest);
    } catch (error) {
      await session.writer.abort();
      if (error instanceof DigestMismatch) throw new RegistryError("DIGEST_INVALID", error.message);
      throw error;
    }
    await this.finish(exchange, digest);
  }

  private async finish(exchange: Exchange, digest: string): Promise<void> {
    await this.registry.linkBlob(exchange.repository, digest);
    const location = `/v2/${exchange.repository}/blobs/${digest}`;
    reply(exchange.response, 201, { Location: location, "Docker-Content-Digest": digest });
  }

  private async receive(exchange: Exchange, session: Session): Promise<void> {
    this.checkOrder(exchange, session);
    session.busy = true;
    try {
      for await (const chunk of exchange.request) await session.writer.write(chunk as Buffer);
    } finally {
      session.busy = false;
    }
  }

  private checkOrder(exchange: Exchange, session: Session): void {
    const header = exchange.request.headers["content-range"];
    const range = /^(?:bytes[ =])?(\d+)-(\d+)$/.exec(header ?? "");
    const length = exchange.request.headers["content-length"];
    const fits =
      header === undefined ||
      (range !== null &&
        Number(range[1]) === session.writer.written &&
        (length === undefined || Number(range[2]) - Number(range[1]) + 1 === Number(length)));
    if (fits && !session.busy) return;
    throw new RegistryError(
      "BLOB_UPLOAD_INVALID",
      `chunk ${header ?? ""} does not continue the upload, which has ${session.writer.written} bytes: send what follows`,
      progressHeaders(exchange.repository, exchange.target, session),
    );
  }

  /** The session of the path; using it makes it the youngest. */
  private session(exchange: Exchange): Session {
    const session = this.sessions.get(exchange.target);
    if (!session || session.repository !== exchange.repository)
      throw new RegistryError("BLOB_UPLOAD_UNKNOWN", `no upload ${exchange.target}: start again with POST`);
    this.sessions.delete(exchange.target);
    this.sessions.set(exchange.target, session);
    return session;
  }

  private async dropOldest(): Promise<void> {
    if (this.sessions.size < MAX_SESSIONS) return;
    for (const [id, session] of this.sessions) {
      if (session.busy) continue;
      this.sessions.delete(id);
      return session.writer.abort();
    }
  }

  private replyProgress(response: Exchange["response"], status: number, id: string, session: Session): void {
    reply(response, status, progressHeaders(session.repository, id, session));
  }
}

function progressHeaders(repository: string, id: string, session: Session): Record<string, string> {
  return {
    Location: `/v2/${repository}/blobs/uploads/${id}`,
    Range: `0-${Math.max(0, session.writer.written - 1)}`,
    "Docker-Upload-UUID": id,
  };
}

function requestedDigest(exchange: Exchange): string {
  const digest = exchange.query.get("digest") ?? "";
  if (isDigest(digest)) return digest;
  throw new RegistryError("DIGEST_INVALID", `digest=${digest} is not a sha256 or sha512 digest`);
}
