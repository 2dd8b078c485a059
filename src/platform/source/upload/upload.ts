/** Source code without Git: a directory becomes a source image in a registry, as imgpkg would push it. */
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "#kit/names.ts";
import { BlobStore } from "#ports/blobs/blob-store.ts";
import { RegistryClient } from "#ports/oci/client.ts";
import type { ImageConfig, ImageManifest } from "#ports/oci/image.ts";
import { OCI_CONFIG, OCI_MANIFEST } from "#ports/oci/media-types.ts";
import { parseReference } from "#ports/oci/reference.ts";
import { packDirectory } from "./pack.ts";

export type UploadOptions = {
  directory: string;
  /** Where to push: `host/repository[:tag]`, default tag `latest`. */
  image: string;
  /** The Authorization header for a host; undefined to go without. */
  credentials?: (host: string) => Promise<string | undefined>;
  /** Packs, so that the digest is known, and pushes nothing. */
  dryRun?: boolean;
  signal?: AbortSignal;
};

/** `image` is `host/repository:tag@sha256:…`; `size` is that of the compressed source in bytes. */
export type UploadedSource = { image: string; digest: string; size: number };

/** Packs and pushes. Throws RangeError for what is no directory or no image reference, ImageError for what the registry refuses. */
export async function uploadSource(options: UploadOptions): Promise<UploadedSource> {
  const { directory, image, credentials, signal } = options;
  const target = parseReference(image);
  if (!target) throw new RangeError(`"${image}" is not an image reference`);
  const isDirectory = await stat(directory).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isDirectory) throw new RangeError(`${directory} is not a directory`);
  const folder = await mkdtemp(join(tmpdir(), "slipway-source-"));
  try {
    const blobs = await BlobStore.open(folder);
    const { diffId, descriptor: layer } = await packDirectory(directory, blobs, signal);
    const config = Buffer.from(JSON.stringify(configOf(diffId)));
    const { digest, size } = await blobs.put(config);
    const manifest: ImageManifest = {
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: { mediaType: OCI_CONFIG, digest, size },
      layers: [layer],
    };
    const content = Buffer.from(JSON.stringify(manifest));
    const reference = { host: target.host, repository: target.repository, tag: target.tag ?? "latest" };
    if (!options.dryRun) {
      const client = new RegistryClient({ ...(credentials && { credentials }) });
      for (const blob of [manifest.config, layer])
        await client.pushBlob(reference, blob, () => blobs.stream(blob.digest));
      await client.pushManifest(reference, content);
    }
    const pinned = `${reference.host}/${reference.repository}:${reference.tag}@${sha256(content)}`;
    return { image: pinned, digest: sha256(content), size: layer.size };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** No creation time: it would change the digest. */
function configOf(diffId: string): ImageConfig {
  return { architecture: "", os: "", rootfs: { type: "layers", diff_ids: [diffId] } };
}
