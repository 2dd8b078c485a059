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
  /** The blobs of all artifacts. */
  digests(): Set<string>;
  /** Forgets the artifacts, by path, that nobody has mentioned for as long as `retentionMs`; resolves to how many. */
  dropUnmentioned(mentioned: ReadonlySet<string>, when: { retentionMs: number; nowMs: number }): Promise<number>;
  close(): void;
};

/** `unmentionedSince`: when a collection found first that no object mentions the artifact, in milliseconds. */
type Row = { digest: string; unmentionedSince?: number };

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
  const at = (path: string): string | undefined => (index.get(BUCKET, path) as Row | undefined)?.digest;
  const rows = (): [string, Row][] => [...(index.bucket(BUCKET) as ReadonlyMap<string, Row>)];
  return {
    find: at,
    findByUrl: (url) => (url.startsWith(frontDoorUrl) ? at(url.slice(frontDoorUrl.length)) : undefined),
    digests: () => new Set(rows().map(([, { digest }]) => digest)),
    dropUnmentioned: async (mentioned, { retentionMs, nowMs }) => {
      const expired = rows().filter(
        ([path, { unmentionedSince = nowMs }]) => !mentioned.has(path) && nowMs - unmentionedSince >= retentionMs,
      );
      const aged = rows().filter(([path, row]) => mentioned.has(path) === (row.unmentionedSince !== undefined));
      await index.apply([
        ...aged.map(([name, { digest }]) => ({
          bucket: BUCKET,
          name,
          value: mentioned.has(name) ? { digest } : { digest, unmentionedSince: nowMs },
        })),
        ...expired.map(([name]) => ({ bucket: BUCKET, name, value: undefined })),
      ]);
      return expired.length;
    },
    close: () => stops.forEach((stop) => stop()),
  };
}

/** Artifacts of images are named after their content. */
function contentOf(url: string): string | undefined {
  const hex = /\/([0-9a-f]{64})\.tar\.gz$/.exec(url)?.[1];
  return hex && `sha256:${hex}`;
}
