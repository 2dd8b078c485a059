/** What the front door serves beside its health: registry, Git, archives of sources. */
import { serveArtifacts } from "#platform/source/index.ts";
import type { GitHost } from "#ports/git/host.ts";
import { createRegistryHandler } from "#ports/oci/registry/handler.ts";
import type { accessByToken } from "../access.ts";
import type { Artifacts } from "../artifacts.ts";
import type { Content } from "../data.ts";
import type { Handler } from "../front-door.ts";
import type { ImagePushes } from "../image-pushes.ts";

export type FrontDoorParts = {
  content: Content;
  gitHost: GitHost;
  artifacts: Artifacts;
  pushes: ImagePushes;
  mayDo: ReturnType<typeof accessByToken>;
};

/** To be added when everything behind them is ready. */
export function frontDoorHandlers({ content, gitHost, artifacts, pushes, mayDo }: FrontDoorParts): Handler[] {
  const registry = createRegistryHandler({
    registry: content.registry,
    authorize: (token, action) => mayDo(token, action === "push" ? "write" : "read"),
  });
  const sources = serveArtifacts({
    find: async (path) => {
      const digest = artifacts.find(path);
      const size = digest === undefined ? undefined : await content.blobs.size(digest);
      return digest !== undefined && size !== undefined ? { digest, size } : undefined;
    },
    open: (digest) => content.blobs.stream(digest),
  });
  return [pushes.watch(registry), (request, response) => gitHost.handle(request, response), sources];
}
