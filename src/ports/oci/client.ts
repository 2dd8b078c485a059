/** Reads images from any OCI registry, and pushes to it. */
import { Readable } from "node:stream";
import { sha256 } from "#kit/names.ts";
import type { Descriptor } from "./image.ts";
import { MANIFEST_TYPES, OCI_MANIFEST } from "./media-types.ts";
import type { Reference } from "./reference.ts";
import { accepted, failed, type RegistryCall, type RegistryClientOptions, RegistrySession, urlOf } from "./session.ts";

export type FetchedManifest = { content: Buffer; mediaType: string; digest: string };

const MAX_MANIFEST_BYTES = 8 * 1024 * 1024;

/** Every failure is an ImageError that names the image and what the registry answered. */
export class RegistryClient {
  private readonly session: RegistrySession;

  constructor(options: RegistryClientOptions = {}) {
    this.session = new RegistrySession(options);
  }

  /** The manifest or index that the reference names; checked against the reference's digest when it has one. */
  async manifest(reference: Reference, signal?: AbortSignal): Promise<FetchedManifest> {
    const path = `manifests/${reference.digest ?? reference.tag ?? "latest"}`;
    const call = { reference, path, action: "pull", headers: { Accept: MANIFEST_TYPES.join(", ") }, signal } as const;
    const response = await this.get(call);
    const content = await readLimited(response, call);
    const digest = sha256(content);
    if (reference.digest?.startsWith("sha256:") && reference.digest !== digest)
      throw failed(call, `the registry sent a manifest with digest ${digest}`);
    const mediaType = response.headers.get("content-type")?.split(";")[0] ?? "";
    return { content, mediaType, digest: reference.digest ?? digest };
  }

  /** A blob of the reference's repository as a stream; the caller checks the digest. */
  async blob(reference: Reference, digest: string, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const call = { reference, path: `blobs/${digest}`, action: "pull", signal } as const;
    const response = await this.get(call);
    if (!response.body) throw failed(call, `blob ${digest} came without content`);
    return Readable.fromWeb(response.body as import("node:stream/web").ReadableStream<Uint8Array>);
  }

  /** Uploads a blob unless the repository has it. `open` is called when the content is needed. */
  async pushBlob(reference: Reference, blob: Pick<Descriptor, "digest" | "size">, open: () => Readable): Promise<void> {
    const action = "push" as const;
    const known = await this.session.send({ reference, action, method: "HEAD", path: `blobs/${blob.digest}` });
    if (known.ok) return;
    const start = { reference, action, method: "POST", path: "blobs/uploads/" } as const;
    const session = (await accepted(await this.session.send(start), start)).headers.get("location");
    if (!session) throw failed(start, "the registry offers no place to upload to");
    const url = new URL(session, urlOf(start));
    url.searchParams.set("digest", blob.digest);
    const headers = { "Content-Type": "application/octet-stream", "Content-Length": String(blob.size) };
    const body = (): ReadableStream<Uint8Array> => Readable.toWeb(open()) as unknown as ReadableStream<Uint8Array>;
    const put = { reference, action, method: "PUT", path: url.href, headers, body } as const;
    await accepted(await this.session.send(put), put);
  }

  /** Puts a manifest under the reference's tag (default `latest`). */
  async pushManifest(reference: Reference, content: Buffer, mediaType: string = OCI_MANIFEST): Promise<void> {
    const put: RegistryCall = {
      reference,
      action: "push",
      method: "PUT",
      path: `manifests/${reference.tag ?? "latest"}`,
      headers: { "Content-Type": mediaType },
      body: () => content,
    };
    await accepted(await this.session.send(put), put);
  }

  private async get(call: RegistryCall): Promise<Response> {
    return await accepted(await this.session.send(call), call);
  }
}

async function readLimited(response: Response, call: RegistryCall): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MAX_MANIFEST_BYTES) throw failed(call, `its manifest is larger than ${MAX_MANIFEST_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
