/** Reconciles ImageRepositories: pin the image's digest, keep its source tree as an artifact in the blob store. */
import { keyOf } from "#api/meta.ts";
import { ImageRepository } from "#api/source.apps.tanzu.vmware.com/image-repository.ts";
import { type Context, type Controller, controller } from "#engine/controller/controller.ts";
import { broken, type Outcome, settled } from "#engine/controller/outcome.ts";
import { Followers } from "#ports/git/followers.ts";
import { ImageError, type RegistryCredentials } from "#ports/oci/image.ts";
import { parseReference } from "#ports/oci/reference.ts";
import { parseDuration } from "../duration.ts";
import { imageCredentials } from "./credentials.ts";
import { type ImagePort, localRepository, type ResolvedImage, resolveImage, storeLayer } from "./pull.ts";

type Status = NonNullable<ImageRepository["status"]>;

export type ImageSourceDependencies = {
  images: ImagePort;
  /** The path on the front door, and the URL, under which an artifact can be downloaded. */
  imageArtifact: (namespace: string, name: string, digest: string) => { path: string; url: string };
  /** Calls back with the repository of the embedded registry that an image was pushed to. */
  onImagePush: (listener: (push: { repository: string }) => void) => () => void;
};

const DEFAULT_INTERVAL = "5m";

/** See {@link ImageSourceDependencies}. A push to the embedded registry wakes its sources at once; others are polled. */
export function imageRepositoryController(dependencies: ImageSourceDependencies): Controller<ImageRepository> {
  const followers = new Followers();
  return controller({
    name: "source/imagerepository",
    for: ImageRepository,
    wakes: (wake) => dependencies.onImagePush(({ repository }) => followers.of(repository).forEach(wake)),
    async reconcile(repository, context): Promise<Outcome<Status>> {
      const { spec } = repository;
      const local = localRepository(spec.image, dependencies.images);
      followers.follow(keyOf(repository), local);
      const fixed = local !== undefined || parseReference(spec.image)?.digest !== undefined;
      const recheck = fixed ? {} : { recheckAfter: parseDuration(spec.interval ?? DEFAULT_INTERVAL) };
      try {
        const credentials = await imageCredentials(repository, context);
        const pull = { credentials, signal: context.signal };
        const image = await resolveImage(spec.image, dependencies.images, pull);
        return { ...(await keep(repository, image, dependencies, { context, credentials })), ...recheck };
      } catch (error) {
        if (!(error instanceof ImageError)) throw error;
        const again = error.reason === "InvalidImageName" ? {} : recheck;
        return broken("ImageResolved", "ImageResolutionFailed", error.message, again);
      }
    },
  });
}

async function keep(
  { metadata, status }: ImageRepository,
  image: ResolvedImage,
  { images, imageArtifact }: ImageSourceDependencies,
  { context, credentials }: { context: Context; credentials: RegistryCredentials },
): Promise<Outcome<Status>> {
  const resolved = {
    type: "ImageResolved",
    status: "True",
    reason: "Resolved",
    message: `resolved image to ${image.pinned}`,
  } as const;
  const outcome = (artifact: NonNullable<Status["artifact"]>): Outcome<Status> =>
    settled(
      { artifact, url: artifact.url },
      { reason: "Ready", conditions: [resolved, { type: "ArtifactAvailable", status: "True", reason: "Available" }] },
    );
  const before = status?.artifact;
  if (before?.revision === image.pinned && (await images.registry.blobs.has(blobOf(before.path))))
    return outcome(before);
  try {
    const digest = await storeLayer(image, images, { credentials, signal: context.signal });
    const { path, url } = imageArtifact(metadata.namespace ?? "", metadata.name, digest);
    const lastUpdateTime = context
      .now()
      .toISOString()
      .replace(/\.\d+Z$/, "Z");
    context.event("Normal", "NewArtifact", `stored artifact of ${image.pinned}`);
    return outcome({ path, url, revision: image.pinned, lastUpdateTime });
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    return broken("ArtifactAvailable", "ArtifactFailed", error.message, { conditions: [resolved] });
  }
}

/** The file of an artifact is named after its content. */
function blobOf(path: string): string {
  return `sha256:${/([0-9a-f]{64})\.tar\.gz$/.exec(path)?.[1] ?? "0".repeat(64)}`;
}
