/** Reconciles kpack Images: one Build at a time, whenever source, configuration, buildpacks or stack have changed. */
import { Build, ClusterBuilder, Image } from "#api/kpack.io/index.ts";
import { type Context, controller } from "#engine/controller/controller.ts";
import { broken, type Outcome, settled, waiting } from "#engine/controller/outcome.ts";
import { findCondition, isTrue } from "#kit/conditions.ts";
import { buildReasons, expiredBuilds, IMAGE_LABEL, numberOf, planBuild, REASON_ANNOTATION, resultOf } from "./plan.ts";

type ImageStatus = NonNullable<Image["status"]>;

export const imageController = controller({
  name: "build/image",
  for: Image,
  async reconcile(image, context): Promise<Outcome<ImageStatus>> {
    const { name, namespace } = image.metadata;
    const builderName = image.spec.builder?.name ?? "default";
    const builder = await context.get(ClusterBuilder, builderName);
    if (!builder) return broken("BuilderReady", "BuilderNotFound", `Unable to find builder ${builderName}.`);
    if (!isTrue(builder))
      return waiting("BuilderReady", "BuilderNotReady", `Builder ${builderName} is not ready: ${messageOf(builder)}`);

    const found = await context.list(Build, { ...(namespace && { namespace }), labels: { [IMAGE_LABEL]: name } });
    const builds = [...found].sort((left, right) => numberOf(left) - numberOf(right));
    const last = builds.at(-1);
    if (last && !resultOf(last)) return building(builds, last);

    const reasons = buildReasons(image, builder, builds);
    if (reasons.length > 0) {
      const build = await context.apply(Build, planBuild(image, builds, reasons, context.now().toISOString()));
      return building([...builds, build], build);
    }
    await removeExpired(image, builds, context);
    return concluded(builds);
  },
});

const builderReady = { type: "BuilderReady", status: "True", reason: "BuilderReady" } as const;

function building(builds: readonly Build[], running: Build): Outcome<ImageStatus> {
  const message = `${running.metadata.name} is running`;
  return waiting("Ready", "BuildRunning", message, { status: statusOf(builds), conditions: [builderReady] });
}

function concluded(builds: readonly Build[]): Outcome<ImageStatus> {
  const status = statusOf(builds);
  const failed = builds.at(-1);
  if (!failed || resultOf(failed) === "True") return settled(status, { conditions: [builderReady] });
  const message = findCondition(failed, "Succeeded")?.message ?? "the build failed";
  return broken("Ready", "BuildFailed", message, { status, conditions: [builderReady] });
}

function statusOf(builds: readonly Build[]): ImageStatus {
  const last = builds.at(-1);
  const good = builds.findLast((build) => resultOf(build) === "True");
  const reason = last?.metadata.annotations?.[REASON_ANNOTATION];
  return {
    ...(good?.status?.latestImage && { latestImage: good.status.latestImage }),
    ...(good?.status?.stack?.id && { latestStack: good.status.stack.id }),
    ...(last && { latestBuildRef: last.metadata.name, buildCounter: numberOf(last) }),
    ...(reason && { latestBuildReason: reason }),
  };
}

async function removeExpired(image: Image, builds: readonly Build[], context: Context): Promise<void> {
  for (const { metadata } of expiredBuilds(image, builds)) await context.delete(Build, metadata);
}

function messageOf(builder: ClusterBuilder): string {
  return findCondition(builder, "Ready")?.message ?? "it has not been checked yet";
}
