/** Reconciles ClusterStacks, ClusterStores and ClusterBuilders for the buildpacks and the run image of this program. */
import { ClusterBuilder, ClusterStack, ClusterStore } from "#api/kpack.io/index.ts";
import { type Controller, controller } from "#engine/controller/controller.ts";
import { broken, settled, waiting } from "#engine/controller/outcome.ts";
import { isTrue } from "#kit/conditions.ts";
import type { Lifecycle } from "./lifecycle.ts";

/** Stack whose run image is made on this machine. */
const LOCAL_STACK_ID = "slipway";

export function stackController(lifecycle: Lifecycle): Controller<ClusterStack> {
  return controller({
    name: "build/stack",
    for: ClusterStack,
    async reconcile(stack, context) {
      if (stack.spec.id !== LOCAL_STACK_ID)
        return broken(
          "Ready",
          "UnknownStack",
          `no buildpack of this program builds for stack ${stack.spec.id}: use ${LOCAL_STACK_ID}`,
        );
      await context.report(waiting("Ready", "MakingRunImage", "the run image is being made on this machine"));
      const latestImage = await lifecycle.ensureRunImage(context.signal);
      return settled({ id: stack.spec.id, runImage: { image: latestImage, latestImage } });
    },
  });
}

export function storeController(lifecycle: Lifecycle): Controller<ClusterStore> {
  return controller({
    name: "build/store",
    for: ClusterStore,
    async reconcile() {
      return settled({ buildpacks: [...lifecycle.buildpacks] });
    },
  });
}

export function builderController(lifecycle: Lifecycle): Controller<ClusterBuilder> {
  return controller({
    name: "build/builder",
    for: ClusterBuilder,
    async reconcile(builder, context) {
      const name = builder.spec.stack?.name ?? "default";
      const stack = await context.get(ClusterStack, name);
      if (!stack) return broken("Ready", "StackNotFound", `ClusterStack ${name} does not exist`);
      const runImage = stack.status?.runImage?.latestImage;
      if (!isTrue(stack) || !runImage) return waiting("Ready", "StackNotReady", `ClusterStack ${name} is not ready`);
      return settled({
        builderMetadata: [...lifecycle.buildpacks],
        stack: { id: stack.spec.id, runImage },
        os: "linux",
        latestImage: runImage,
      });
    },
  });
}

/** The default stack, store and builder, as objects to apply. */
export function defaultBuilder() {
  const apiVersion = ClusterBuilder.apiVersion;
  return [
    { apiVersion, kind: "ClusterStack", metadata: { name: "default" }, spec: { id: LOCAL_STACK_ID } },
    { apiVersion, kind: "ClusterStore", metadata: { name: "default" }, spec: {} },
    {
      apiVersion,
      kind: "ClusterBuilder",
      metadata: { name: "default" },
      spec: { stack: { kind: "ClusterStack", name: "default" }, store: { kind: "ClusterStore", name: "default" } },
    },
  ];
}
