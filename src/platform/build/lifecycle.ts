/** What the build controllers need of whatever turns source into images. */

export type BuildRequest = {
  /** Where the source is: a URL of a tar.gz, or an address of an artifact in the blob store. */
  sourceUrl: string;
  subPath?: string;
  /** `<branch>@sha1:<commit>` and the repository it comes from, when known. */
  revision?: string;
  repository?: string;
  /** `registry/repository:tag` names for the result. */
  tags: readonly string[];
  env: readonly { name: string; value?: string }[];
  log: (line: string) => void;
  signal: AbortSignal;
};

export type BuildResult = {
  /** `registry/repository@sha256:…` */
  image: string;
  buildpacks: { id: string; version: string; homepage?: string }[];
  runImage: string;
};

/** The source cannot be built as it is; `message` says why in one line. A retry would fail in the same way. */
export class BuildFailure extends Error {
  override name = "BuildFailure";
}

export interface Lifecycle {
  /** The buildpacks it has. */
  readonly buildpacks: readonly { id: string; version: string; homepage?: string }[];
  /** Makes the image that applications run on, if it is not there yet; returns its digest reference. */
  ensureRunImage(signal: AbortSignal): Promise<string>;
  /** Builds and publishes an image. Throws BuildFailure, or any other error when a retry may help. */
  build(request: BuildRequest): Promise<BuildResult>;
}
