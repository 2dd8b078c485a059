/** The lifecycle inside the program: fetches the source, runs the buildpack, puts the image into the embedded registry. */
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import type { BlobStore } from "#ports/blobs/blob-store.ts";
import { createBaseImage, type RunImage } from "#ports/oci/base-image/base-image.ts";
import { createNodeLayer, type NodeBinary } from "#ports/oci/base-image/node-layer.ts";
import type { LayerCache } from "#ports/oci/layer-cache.ts";
import { parseReference } from "#ports/oci/reference.ts";
import type { Registry } from "#ports/oci/registry/registry.ts";
import { extractLayer } from "#ports/oci/unpack/extract.ts";
import { buildNodeImage, NODE_BUILDPACKS, NODE_PATH } from "./buildpack/node-image.ts";
import type { RunNpm } from "./buildpack/npm-install.ts";
import { BuildFailure, type BuildRequest, type BuildResult, type Lifecycle } from "./lifecycle.ts";

export type InProcessOptions = {
  blobs: BlobStore;
  registry: Registry;
  /** `host:port` under which the embedded registry is known. */
  registryHost: string;
  cache: LayerCache;
  /** Scratch space; emptied of what a build leaves. */
  workDirectory: string;
  node: NodeBinary;
  runNpm: RunNpm;
  /** Environment for npm, such as the registry to use. */
  npmEnv: Readonly<Record<string, string>>;
  /** The blob of an artifact URL of this program, so that nothing is fetched over HTTP; undefined for other URLs. */
  artifactBlob: (url: string) => string | undefined;
};

const RUN_REPOSITORY = "slipway/run";
const MAX_SOURCE_ENTRIES = 200_000;

/** Opens the lifecycle. The run image is made on first use. */
export function inProcessLifecycle(options: InProcessOptions): Lifecycle {
  let runImage: Promise<RunImage & { reference: string }> | undefined;
  const getRunImage = (): NonNullable<typeof runImage> => {
    runImage ??= publishRunImage(options).catch((error: unknown) => {
      runImage = undefined;
      throw error;
    });
    return runImage;
  };
  return {
    buildpacks: NODE_BUILDPACKS,
    ensureRunImage: async () => (await getRunImage()).reference,
    build: async (request) => await build(request, await getRunImage(), options),
  };
}

async function publishRunImage({
  cache,
  registry,
  registryHost,
  node,
}: InProcessOptions): Promise<RunImage & { reference: string }> {
  const [image] = await Promise.all([
    createBaseImage({ cache }),
    createNodeLayer(cache, { binary: node, target: NODE_PATH }),
  ]);
  const { digest } = await registry.putImage(RUN_REPOSITORY, ["latest"], image);
  return { ...image, reference: `${registryHost}/${RUN_REPOSITORY}@${digest}` };
}

async function build(
  request: BuildRequest,
  runImage: RunImage & { reference: string },
  options: InProcessOptions,
): Promise<BuildResult> {
  const targets = request.tags.map((tag) => localTarget(tag, options.registryHost));
  const work = await mkdtemp(join(options.workDirectory, "build-"));
  try {
    await fetchSource(request, work, options);
    const commit = request.revision?.split(":").at(-1);
    const outcome = await buildNodeImage({
      tree: request.subPath ? join(work, request.subPath) : work,
      env: { ...options.npmEnv, ...environmentOf(request) },
      runImage,
      cache: options.cache,
      workDirectory: options.workDirectory,
      node: options.node,
      runNpm: options.runNpm,
      ...(commit && { source: { repository: request.repository ?? "", commit, revision: request.revision ?? commit } }),
      log: request.log,
      signal: request.signal,
    });
    if (outcome.kind !== "built") throw new BuildFailure(outcome.reason);
    const { repository } = targets[0] ?? { repository: "" };
    const tags = targets.filter((target) => target.repository === repository).map(({ tag }) => tag);
    const { digest } = await options.registry.putImage(repository, tags, outcome);
    request.log(`Published ${options.registryHost}/${repository}@${digest}`);
    return {
      image: `${options.registryHost}/${repository}@${digest}`,
      buildpacks: outcome.buildpacks,
      runImage: runImage.reference,
    };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function environmentOf(request: BuildRequest): Record<string, string> {
  return Object.fromEntries(request.env.map(({ name, value = "" }) => [name, value]));
}

function localTarget(tag: string, registryHost: string): { repository: string; tag: string } {
  const reference = parseReference(tag);
  if (!reference) throw new BuildFailure(`"${tag}" is not an image reference`);
  if (reference.host !== registryHost)
    throw new BuildFailure(
      `images can only be pushed to the embedded registry ${registryHost}, not to ${reference.host}`,
    );
  return { repository: reference.repository, tag: reference.tag ?? "latest" };
}

async function fetchSource(request: BuildRequest, folder: string, options: InProcessOptions): Promise<void> {
  const archive = await openSource(request, options);
  await extractLayer(archive.pipe(createGunzip()), folder, { keepOwners: false, maxEntries: MAX_SOURCE_ENTRIES });
}

async function openSource(
  { sourceUrl, signal }: BuildRequest,
  { artifactBlob, blobs }: InProcessOptions,
): Promise<Readable> {
  const digest = artifactBlob(sourceUrl);
  if (digest && (await blobs.has(digest))) return blobs.stream(digest);
  const response = await fetch(sourceUrl, { signal });
  if (response.status === 404) throw new BuildFailure(`there is no source at ${sourceUrl}`);
  if (!response.ok || !response.body) throw new Error(`GET ${sourceUrl} answered ${response.status}`);
  return Readable.fromWeb(response.body as never);
}
