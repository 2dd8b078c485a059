/** imgpkg bundles: configuration, and a lock of the images that it names, as an image of one layer. */

import { sha256 } from "#kit/names.ts";
import { renderYaml } from "#kit/yaml.ts";
import type { BlobStore } from "#ports/blobs/blob-store.ts";
import { RegistryClient } from "./client.ts";
import type { Descriptor, ImageConfig, ImageManifest, RegistryCredentials } from "./image.ts";
import { type LayerEntry, parentsOf, writeLayer } from "./layer.ts";
import { DOCKER_CONFIG, DOCKER_LAYER, DOCKER_MANIFEST } from "./media-types.ts";
import { parseReference, type Reference } from "./reference.ts";
import type { Registry } from "./registry/registry.ts";

export type BundleContent = {
  /** The configuration, by path below `config/`. */
  files: Readonly<Record<string, string>>;
  /** Images that the configuration names; those without a digest cannot be locked and are left out. */
  images: readonly string[];
  /** Labels of the bundle besides the one that makes it one. */
  labels: Readonly<Record<string, string>>;
};

/** A manifest, and the blobs that it names; they are in the blob store. */
export type Bundle = { digest: string; manifest: Buffer; blobs: readonly Descriptor[] };

const BUNDLE_LABEL = "dev.carvel.imgpkg.bundle";
const LOCK = ".imgpkg/images.yml";

/** Writes the blobs into the store, with the media types that imgpkg insists on; the same content always gives the same bundle. Throws RangeError for a path that leaves `config/`. */
export async function writeBundle(blobs: BlobStore, content: BundleContent, signal?: AbortSignal): Promise<Bundle> {
  const files = Object.entries(content.files).map(([path, text]): [string, string] => [configPath(path), text]);
  const sorted = [...files, [LOCK, renderYaml(imagesLock(content.images))] as const].sort(([left], [right]) =>
    left < right ? -1 : 1,
  );
  const { diffId, descriptor } = await writeLayer(blobs, entriesOf(sorted), {
    compression: "gzip",
    ...(signal && { signal }),
  });
  const labels = { ...content.labels, [BUNDLE_LABEL]: "true" };
  const config: ImageConfig = {
    architecture: "",
    os: "",
    config: { Labels: labels },
    rootfs: { type: "layers", diff_ids: [diffId] },
  };
  const { digest, size } = await blobs.put(Buffer.from(JSON.stringify(config)));
  const body: ImageManifest = {
    schemaVersion: 2,
    mediaType: DOCKER_MANIFEST,
    config: { mediaType: DOCKER_CONFIG, digest, size },
    layers: [{ ...descriptor, mediaType: DOCKER_LAYER }],
  };
  const manifest = Buffer.from(JSON.stringify(body));
  return { digest: sha256(manifest), manifest, blobs: [body.config, ...body.layers] };
}

/** Puts a bundle under the reference's tag of another registry. Throws ImageError for what the registry refuses. */
export async function pushBundle(
  reference: Reference,
  { manifest, blobs }: Bundle,
  { store, credentials }: { store: BlobStore; credentials: RegistryCredentials },
): Promise<void> {
  const client = new RegistryClient({ credentials });
  for (const blob of blobs) await client.pushBlob(reference, blob, () => store.stream(blob.digest));
  await client.pushManifest(reference, manifest, DOCKER_MANIFEST);
}

/** Puts a bundle whose blobs are in the registry's store under the reference's tag. */
export async function publishBundle(
  { repository, tag = "latest" }: Reference,
  { manifest, blobs }: Bundle,
  registry: Pick<Registry, "linkBlob" | "putManifest">,
): Promise<void> {
  for (const { digest } of blobs) await registry.linkBlob(repository, digest);
  await registry.putManifest(repository, { content: manifest, mediaType: DOCKER_MANIFEST, tags: [tag] });
}

/** imgpkg.carvel.dev/v1alpha1 ImagesLock, annotated as kbld does for references that had their digest before. */
function imagesLock(images: readonly string[]): object {
  const locked = [...new Set(images)].filter((image) => parseReference(image)?.digest).sort();
  return {
    apiVersion: "imgpkg.carvel.dev/v1alpha1",
    kind: "ImagesLock",
    images: locked.map((image) => ({
      annotations: {
        "kbld.carvel.dev/id": image,
        "kbld.carvel.dev/origins": renderYaml([{ preresolved: { url: image } }]),
      },
      image,
    })),
  };
}

function configPath(path: string): string {
  const parts = path.split("/");
  if (path.includes("\0") || parts.some((part) => part === "" || part === "." || part === ".."))
    throw new RangeError(`"${path}" is no path below config/: name a file without leading slash, "." and ".."`);
  return `config/${path}`;
}

/** Every directory once, before what is in it. */
function* entriesOf(files: readonly (readonly [path: string, text: string])[]): Generator<LayerEntry> {
  const made = new Set<string>();
  for (const [path, text] of files) {
    for (const parent of parentsOf(path)) if (!made.has(parent.path)) yield parent;
    for (const parent of parentsOf(path)) made.add(parent.path);
    yield { path, type: "file", content: Buffer.from(text), mode: 0o644, uid: 0, gid: 0 };
  }
}
