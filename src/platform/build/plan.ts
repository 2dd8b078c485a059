/** Whether an Image needs a new Build, and which. Pure; spec: kpack's rebuild reasons. */
import {
  type Build,
  type ClusterBuilder,
  type Image,
  SOURCE_REPOSITORY_ANNOTATION,
  SOURCE_REVISION_ANNOTATION,
} from "#api/kpack.io/index.ts";
import { findCondition } from "#kit/conditions.ts";
import { deepEqual } from "#kit/json.ts";
import { childName } from "#kit/names.ts";
import type { Draft } from "#ports/kube/client.ts";

export const IMAGE_LABEL = "image.kpack.io/image";
const NUMBER_LABEL = "image.kpack.io/buildNumber";
const GENERATION_LABEL = "image.kpack.io/imageGeneration";
export const REASON_ANNOTATION = "image.kpack.io/reason";
const SEEN_ANNOTATION = "slipway.dev/source-seen-at";

export type BuildReason = "TRIGGER" | "COMMIT" | "CONFIG" | "STACK" | "BUILDPACK";

export function numberOf(build: Build): number {
  return Number(build.metadata.labels?.[NUMBER_LABEL] ?? 0);
}

/** How a build ended, or undefined while it has not. */
export function resultOf(build: Build): "True" | "False" | undefined {
  const status = findCondition(build, "Succeeded")?.status;
  return status === "Unknown" ? undefined : status;
}

/** Why `image` must be built again; empty when its latest build is what it wants. `builds` are in order of their numbers. */
export function buildReasons(image: Image, builder: ClusterBuilder, builds: readonly Build[]): BuildReason[] {
  const last = builds.at(-1);
  if (!last) return ["CONFIG"];
  const reasons: BuildReason[] = [];
  const annotations = last.metadata.annotations ?? {};
  if (annotations["image.kpack.io/additionalBuildNeeded"]) reasons.push("TRIGGER");
  const revision = image.metadata.annotations?.[SOURCE_REVISION_ANNOTATION];
  const moved = !deepEqual(withoutSubPath(image.spec.source), withoutSubPath(last.spec.source));
  if (moved || revision !== annotations[SOURCE_REVISION_ANNOTATION]) reasons.push("COMMIT");
  if (
    !deepEqual(image.spec.build?.env ?? [], last.spec.env ?? []) ||
    image.spec.source.subPath !== last.spec.source.subPath
  )
    reasons.push("CONFIG");
  const good = builds.findLast((build) => resultOf(build) === "True");
  if (good?.status?.stack?.runImage && good.status.stack.runImage !== builder.status?.stack?.runImage)
    reasons.push("STACK");
  const offered = new Set((builder.status?.builderMetadata ?? []).map(({ id, version }) => `${id}@${version}`));
  if (good?.status?.buildMetadata?.some(({ id, version }) => !offered.has(`${id}@${version}`)))
    reasons.push("BUILDPACK");
  return reasons;
}

function withoutSubPath(source: Image["spec"]["source"]): object {
  const { subPath: _subPath, ...rest } = source;
  return rest;
}

/** The Build that `image` needs now. `seenAt` is when the need was noticed (RFC 3339, milliseconds). */
export function planBuild(
  image: Image,
  builds: readonly Build[],
  reasons: readonly BuildReason[],
  seenAt: string,
): Draft<Build> {
  const number = Math.max(0, ...builds.map(numberOf)) + 1;
  const { name, namespace, annotations = {}, generation = 1 } = image.metadata;
  const last = builds.findLast((build) => resultOf(build) === "True");
  const copied = [SOURCE_REVISION_ANNOTATION, SOURCE_REPOSITORY_ANNOTATION].flatMap((key) =>
    annotations[key] ? [[key, annotations[key]] as const] : [],
  );
  const { tag, additionalTags = [], source, build, imageTaggingStrategy } = image.spec;
  const numbered = imageTaggingStrategy === "None" ? [] : [`${tag}:b${number}.${compactTime(seenAt)}`];
  return {
    metadata: {
      name: childName(name, `-build-${number}`),
      ...(namespace && { namespace }),
      labels: { [IMAGE_LABEL]: name, [NUMBER_LABEL]: String(number), [GENERATION_LABEL]: String(generation) },
      annotations: { ...Object.fromEntries(copied), [REASON_ANNOTATION]: reasons.join(","), [SEEN_ANNOTATION]: seenAt },
    },
    spec: {
      tags: [tag, ...additionalTags, ...numbered],
      builder: { image: image.spec.builder?.name ?? "default" },
      source,
      ...(build?.env && { env: build.env }),
      ...(build?.buildTimeout && { activeDeadlineSeconds: build.buildTimeout }),
      ...(last?.status?.latestImage && { lastBuild: { image: last.status.latestImage } }),
    },
  };
}

function compactTime(time: string): string {
  const [date = "", clock = ""] = time.split("T");
  return `${date.replaceAll("-", "")}.${clock.slice(0, 8).replaceAll(":", "")}`;
}

/** Ended builds beyond the Image's history limits, oldest first. */
export function expiredBuilds(image: Image, builds: readonly Build[]): Build[] {
  const { successBuildHistoryLimit: good = 10, failedBuildHistoryLimit: bad = 10 } = image.spec;
  const succeeded = builds.filter((build) => resultOf(build) === "True");
  const failed = builds.filter((build) => resultOf(build) === "False");
  return [...succeeded.slice(0, -good), ...failed.slice(0, -bad)];
}
