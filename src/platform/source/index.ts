/** Source: commits of Git repositories as artifacts. */
import type { Controller } from "#engine/controller/controller.ts";
import { gitRepositoryController, type SourceDependencies } from "./git-repository.ts";

export { type ArtifactLookup, artifactPath, serveArtifacts } from "./artifacts.ts";
export type { ArtifactStore, SourceDependencies } from "./git-repository.ts";

/** The controllers of this component. */
export function sourceControllers(dependencies: SourceDependencies): Controller<never>[] {
  return [gitRepositoryController(dependencies) as unknown as Controller<never>];
}
