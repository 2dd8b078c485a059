/** Source: commits of Git repositories, and images that hold source code, as artifacts. */
import type { Controller } from "#engine/controller/controller.ts";
import { gitRepositoryController, type SourceDependencies } from "./git-repository.ts";
import { type ImageSourceDependencies, imageRepositoryController } from "./image/image-repository.ts";

export { type ArtifactLookup, artifactPath, serveArtifacts } from "./artifacts.ts";
export type { ArtifactStore, SourceDependencies } from "./git-repository.ts";
export { type UploadedSource, type UploadOptions, uploadSource } from "./upload/upload.ts";

/** The controllers of this component. */
export function sourceControllers(dependencies: SourceDependencies & ImageSourceDependencies): Controller<never>[] {
  return [
    gitRepositoryController(dependencies) as unknown as Controller<never>,
    imageRepositoryController(dependencies) as unknown as Controller<never>,
  ];
}
