/** source.toolkit.fluxcd.io: where source code comes from. */
export { GitRepository } from "./git-repository.ts";
