/** Which components a profile runs, wired to what they need. The only place that knows all of them. */
import type { ObjectCache } from "#engine/controller/cache.ts";
import type { Controller } from "#engine/controller/controller.ts";
import { buildControllers, type Lifecycle } from "#platform/build/index.ts";
import { conventionControllers, imageResolver } from "#platform/convention/index.ts";
import { coreControllers } from "#platform/core/index.ts";
import { deliveryControllers } from "#platform/delivery/index.ts";
import { gitopsControllers } from "#platform/gitops/index.ts";
import { namespaceControllers } from "#platform/namespaces/index.ts";
import { servingControllers, type TrafficPort } from "#platform/serving/index.ts";
import { artifactPath, sourceControllers } from "#platform/source/index.ts";
import { supplyControllers } from "#platform/supply/index.ts";
import type { GitPort } from "#ports/git/git.ts";
import type { GitHost } from "#ports/git/host.ts";
import type { ImageSource, LayerReader } from "#ports/oci/image.ts";
import { GITOPS_NAMESPACE } from "./access.ts";
import type { Content } from "./data.ts";
import type { ImagePushes } from "./image-pushes.ts";

export type ComponentDeps = {
  cache: ObjectCache;
  content: Content;
  git: GitPort;
  gitHost: GitHost;
  images: ImageSource & LayerReader;
  lifecycle: Lifecycle;
  traffic: TrafficPort;
  frontDoorUrl: string;
  imagePushes: Pick<ImagePushes, "onPush" | "announce">;
  /** The path of the repository behind a URL of our own Git host. */
  embedded: (url: string) => string | undefined;
  /** Whether a URL is that of the repository that all namespaces share. */
  isShared: (url: string) => boolean;
  /** URL of a route. */
  url: (name: string, namespace: string) => string;
};

/** The controllers of the full profile. */
export function fullProfile(deps: ComponentDeps): Controller<never>[] {
  const { cache, content, git, gitHost, images, embedded, frontDoorUrl } = deps;
  const onPush: GitHost["onPush"] = (listener) => gitHost.onPush(listener);
  const local = { registry: content.registry, localHosts: [new URL(frontDoorUrl).host] };
  return [
    ...coreControllers(),
    ...sourceControllers({
      git,
      blobs: content.blobs,
      artifactUrl: (namespace, name, commit) =>
        `${frontDoorUrl}${artifactPath("gitrepository", namespace, name, commit)}`,
      embedded,
      onPush,
      images: local,
      imageArtifact: (namespace, name, digest) => {
        const path = artifactPath("imagerepository", namespace, name, digest.slice("sha256:".length));
        return { path: path.slice("/artifacts/".length), url: `${frontDoorUrl}${path}` };
      },
      onImagePush: deps.imagePushes.onPush,
    }),
    ...buildControllers(deps.lifecycle),
    ...conventionControllers({ images: imageResolver(images) }),
    ...supplyControllers(),
    ...deliveryControllers({ git, embedded, isShared: deps.isShared, ...local, announce: deps.imagePushes.announce }),
    ...gitopsControllers({
      cache,
      git,
      embedded,
      onPush,
      images: local,
      onImagePush: deps.imagePushes.onPush,
      controlNamespace: GITOPS_NAMESPACE,
    }),
    ...namespaceControllers(),
    ...servingControllers({ url: deps.url, traffic: deps.traffic }),
  ];
}
