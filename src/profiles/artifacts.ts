/** Finds the blobs of source artifacts, for the front door and for builds. */
import { GitRepository } from "#api/source.toolkit.fluxcd.io/git-repository.ts";
import type { ObjectCache } from "#engine/controller/cache.ts";
import { artifactPath } from "#platform/source/index.ts";
import type { NameIndex } from "#ports/blobs/name-index.ts";

export type ArtifactBlob = { digest: string; size: number };

const BUCKET = "artifacts";

export type Artifacts = {
  find(namespace: string, name: string, commit: string): ArtifactBlob | undefined;
  /** The blob behind an artifact URL of this front door. */
  findByUrl(url: string): ArtifactBlob | undefined;
  close(): void;
};

/** Remembers the artifact of every revision that a GitRepository had, also when it has moved on. */
export function followArtifacts(cache: ObjectCache, index: NameIndex, frontDoorUrl: string): Artifacts {
  const stop = cache.informer(GitRepository).subscribe(({ type, object }) => {
    const artifact = object.status?.artifact;
    if (type === "DELETED" || !artifact?.digest || !artifact.url.startsWith(frontDoorUrl)) return;
    const path = artifact.url.slice(frontDoorUrl.length);
    if (index.get(BUCKET, path)) return;
    void index.apply([{ bucket: BUCKET, name: path, value: { digest: artifact.digest, size: artifact.size ?? 0 } }]);
  });
  const at = (path: string): ArtifactBlob | undefined => index.get(BUCKET, path) as ArtifactBlob | undefined;
  return {
    find: (namespace, name, commit) => at(artifactPath(namespace, name, commit)),
    findByUrl: (url) => (url.startsWith(frontDoorUrl) ? at(url.slice(frontDoorUrl.length)) : undefined),
    close: stop,
  };
}
