/** Finds the blobs of source artifacts, for the front door and for builds. */
import { ImageRepository } from "#api/source.apps.tanzu.vmware.com/image-repository.ts";
import { GitRepository } from "#api/source.toolkit.fluxcd.io/git-repository.ts";
import type { ObjectCache } from "#engine/controller/cache.ts";
import type { NameIndex } from "#ports/blobs/name-index.ts";

const BUCKET = "artifacts";

export type Artifacts = {
  /** The digest of the blob of the artifact at a path of the front door. */
  find(path: string): string | undefined;
  /** The same by the artifact's URL, when it is one of this front door. */
  findByUrl(url: string): string | undefined;
  close(): void;
};

/** Remembers the artifact of every revision that a source had, also when it has moved on. */
export function followArtifacts(cache: ObjectCache, index: NameIndex, frontDoorUrl: string): Artifacts {
  const remember = (url: string, digest: string | undefined): void => {
    const name = url.slice(frontDoorUrl.length);
    if (!digest || !url.startsWith(frontDoorUrl) || index.get(BUCKET, name)) return;
    void index.apply([{ bucket: BUCKET, name, value: { digest } }]);
  };
  const stops = [
    cache.informer(GitRepository).subscribe(({ type, object }) => {
      const artifact = object.status?.artifact;
      if (artifact && type !== "DELETED") remember(artifact.url, artifact.digest);
    }),
    cache.informer(ImageRepository).subscribe(({ type, object }) => {
      const artifact = object.status?.artifact;
      if (artifact && type !== "DELETED") remember(artifact.url, contentOf(artifact.url));
    }),
  ];
  const at = (path: string): string | undefined => (index.get(BUCKET, path) as { digest: string } | undefined)?.digest;
  return {
    find: at,
    findByUrl: (url) => (url.startsWith(frontDoorUrl) ? at(url.slice(frontDoorUrl.length)) : undefined),
    close: () => stops.forEach((stop) => stop()),
  };
}

/** Artifacts of images are named after their content. */
function contentOf(url: string): string | undefined {
  const hex = /\/([0-9a-f]{64})\.tar\.gz$/.exec(url)?.[1];
  return hex && `sha256:${hex}`;
}
