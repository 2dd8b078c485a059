/** Where a registry's index keeps what a repository holds. */

/** Bucket names; all values but those of `blobs` say what the name stands for. */
export const bucketOf = {
  blobs: (repository: string): string => `blobs/${repository}`,
  manifests: (repository: string): string => `manifests/${repository}`,
  tags: (repository: string): string => `tags/${repository}`,
  referrers: (repository: string, subject: string): string => `referrers/${repository}@${subject}`,
  /** Manifests that nothing refers to, by the time since when, in milliseconds. */
  unreferenced: (repository: string): string => `unreferenced/${repository}`,
};
