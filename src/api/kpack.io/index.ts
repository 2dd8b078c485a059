/** kpack.io/v1alpha2: images built from source with buildpacks. */
import { s } from "#kit/schema/build.ts";
import { envVars } from "../carto.run/shared.ts";
import { condition, defineResource, type ObjectOf } from "../define.ts";

const kpack = { group: "kpack.io", version: "v1alpha2", categories: ["kpack"] } as const;
const reference = s.object({
  kind: s.optional(s.string()),
  name: s.optional(s.string()),
  namespace: s.optional(s.string()),
});

const source = s.object({
  git: s.optional(s.object({ url: s.string(), revision: s.string() })),
  blob: s.optional(s.object({ url: s.string(), stripComponents: s.optional(s.int()) })),
  registry: s.optional(s.object({ image: s.string() })),
  subPath: s.optional(s.string()),
});

const buildMetadata = s.array(s.object({ id: s.string(), version: s.string(), homepage: s.optional(s.string()) }));
const stack = s.object({ id: s.optional(s.string()), runImage: s.optional(s.string()) });

export const Image = defineResource({
  ...kpack,
  kind: "Image",
  shortNames: ["cnbimage", "cnbimages", "img", "imgs"],
  scope: "Namespaced",
  doc: "An image that is kept up to date with its source and its builder.",
  spec: s.open(
    s.object({
      tag: s.string(),
      additionalTags: s.optional(s.array(s.string())),
      builder: s.optional(reference),
      serviceAccountName: s.optional(s.string()),
      source,
      build: s.optional(s.object({ env: s.optional(envVars()), buildTimeout: s.optional(s.int({ min: 1 })) })),
      successBuildHistoryLimit: s.defaulted(s.int({ min: 1 }), 10),
      failedBuildHistoryLimit: s.defaulted(s.int({ min: 1 }), 10),
      imageTaggingStrategy: s.defaulted(s.oneOf("None", "BuildNumber"), "BuildNumber"),
    }),
  ),
  status: s.open(
    s.object({
      latestImage: s.optional(s.string()),
      latestStack: s.optional(s.string()),
      latestBuildRef: s.optional(s.string()),
      latestBuildReason: s.optional(s.string()),
      latestBuildImageGeneration: s.optional(s.int()),
      buildCounter: s.optional(s.int()),
    }),
  ),
  conditions: ["Ready", "BuilderReady"],
  columns: { LatestImage: ".status.latestImage", Ready: condition("Ready") },
});
export type Image = ObjectOf<typeof Image>;

export const Build = defineResource({
  ...kpack,
  kind: "Build",
  shortNames: ["cnbbuild", "cnbbuilds", "bld", "blds"],
  scope: "Namespaced",
  doc: "One build of an image. Its spec never changes.",
  spec: s.open(
    s.object({
      tags: s.array(s.string()),
      builder: s.object({ image: s.optional(s.string()) }),
      serviceAccountName: s.optional(s.string()),
      source,
      env: s.optional(envVars()),
      activeDeadlineSeconds: s.optional(s.int({ min: 1 })),
      lastBuild: s.optional(s.object({ image: s.optional(s.string()), stackId: s.optional(s.string()) })),
    }),
  ),
  status: s.open(
    s.object({
      buildMetadata: s.optional(buildMetadata),
      stack: s.optional(stack),
      latestImage: s.optional(s.string()),
      stepsCompleted: s.optional(s.array(s.string())),
      startedAt: s.optional(s.string({ doc: "RFC 3339 with milliseconds" })),
      finishedAt: s.optional(s.string({ doc: "RFC 3339 with milliseconds" })),
      log: s.optional(s.string({ doc: "The last lines of the build's output" })),
    }),
  ),
  conditions: ["Succeeded"],
  columns: { Image: ".status.latestImage", Succeeded: condition("Succeeded") },
});
export type Build = ObjectOf<typeof Build>;

const builderSpec = s.object({
  tag: s.optional(s.string()),
  stack: s.optional(reference),
  store: s.optional(reference),
  order: s.optional(
    s.array(
      s.object({
        group: s.array(
          s.object({ id: s.optional(s.string()), version: s.optional(s.string()), optional: s.optional(s.boolean()) }),
        ),
      }),
    ),
  ),
  serviceAccountRef: s.optional(reference),
});

export const ClusterBuilder = defineResource({
  ...kpack,
  kind: "ClusterBuilder",
  shortNames: ["clstbldr", "clstbldrs"],
  scope: "Cluster",
  doc: "Which buildpacks build images, on which stack.",
  spec: builderSpec,
  status: s.open(
    s.object({
      latestImage: s.optional(s.string()),
      builderMetadata: s.optional(buildMetadata),
      stack: s.optional(stack),
      os: s.optional(s.string()),
    }),
  ),
  conditions: ["Ready", "UpToDate"],
  columns: { LatestImage: ".status.latestImage", Ready: condition("Ready"), UpToDate: condition("UpToDate") },
});
export type ClusterBuilder = ObjectOf<typeof ClusterBuilder>;

export const ClusterStack = defineResource({
  ...kpack,
  kind: "ClusterStack",
  scope: "Cluster",
  doc: "The images that builds run in and that applications run on.",
  spec: s.open(
    s.object({
      id: s.string(),
      buildImage: s.optional(s.object({ image: s.string() })),
      runImage: s.optional(s.object({ image: s.string() })),
    }),
  ),
  status: s.open(
    s.object({
      id: s.optional(s.string()),
      runImage: s.optional(s.object({ image: s.optional(s.string()), latestImage: s.optional(s.string()) })),
    }),
  ),
  conditions: ["Ready"],
  columns: { Ready: condition("Ready") },
});
export type ClusterStack = ObjectOf<typeof ClusterStack>;

export const ClusterStore = defineResource({
  ...kpack,
  kind: "ClusterStore",
  scope: "Cluster",
  doc: "The buildpacks that builders may use.",
  spec: s.object({ sources: s.optional(s.array(s.object({ image: s.string() }))) }),
  status: s.object({ buildpacks: s.optional(buildMetadata) }),
  conditions: ["Ready"],
  columns: { Ready: condition("Ready") },
});
export type ClusterStore = ObjectOf<typeof ClusterStore>;

/** On an Image and its Builds: the source revision (`branch@sha1:…`) and repository that the blob was made of. */
export const SOURCE_REVISION_ANNOTATION = "slipway.dev/source-revision";
export const SOURCE_REPOSITORY_ANNOTATION = "slipway.dev/source-repository";
