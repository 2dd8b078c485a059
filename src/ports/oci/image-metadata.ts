/** Which blobs describe an image: what is needed to start it when its layers are unpacked. */
import type { BlobStore } from "#ports/blobs/blob-store.ts";
import type { Descriptor, ImageManifest } from "./image.ts";
import { parseReference } from "./reference.ts";

/** Digests of the image's index, if it has one, manifests and configurations; only what is in the store. `image` has a digest. */
export async function imageMetadata(blobs: BlobStore, image: string): Promise<string[]> {
  const digest = parseReference(image)?.digest;
  return digest ? await describing(blobs, digest) : [];
}

async function describing(blobs: BlobStore, digest: string): Promise<string[]> {
  const content = await blobs.peek(digest);
  if (!content) return [];
  const { config, manifests = [] } = JSON.parse(content.toString()) as Partial<ImageManifest> & {
    manifests?: Descriptor[];
  };
  const inner = await Promise.all(manifests.map((manifest) => describing(blobs, manifest.digest)));
  return [digest, ...(config ? [config.digest] : []), ...inner.flat()];
}
