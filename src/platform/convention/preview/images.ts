/** Images for a preview outside of the platform: read from their registries, kept only as long as it lasts. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BlobStore } from "#ports/blobs/blob-store.ts";
import { NameIndex } from "#ports/blobs/name-index.ts";
import { Registry } from "#ports/oci/registry/registry.ts";
import { createImageSource } from "#ports/oci/unpack/image-source.ts";
import type { ImageResolver } from "../convention.ts";
import { imageResolver } from "../image/resolver.ts";

/** Disposing of it removes what was downloaded. */
export async function temporaryImages(): Promise<{ images: ImageResolver } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), "slipway-preview-"));
  const blobs = await BlobStore.open(join(folder, "blobs"));
  const index = await NameIndex.open(join(folder, "names.log"));
  const registry = new Registry(blobs, index);
  const source = await createImageSource({ blobs, directory: join(folder, "layers"), registry, localHosts: [] });
  return {
    images: imageResolver(source),
    [Symbol.asyncDispose]: async () => {
      await index.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
