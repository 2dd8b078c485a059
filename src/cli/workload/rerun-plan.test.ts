import assert from "node:assert/strict";
import { test } from "node:test";
import { planRerun } from "./rerun-plan.ts";

test("a step runs again by the means of its kind", () => {
  const now = new Date("2026-01-01T00:00:00Z");
  const stamped = (apiVersion: string, kind: string, labels = {}) => ({
    apiVersion,
    kind,
    metadata: { name: "app", labels },
  });
  const newest = stamped("kpack.io/v1alpha2", "Build");
  const plan = (object: ReturnType<typeof stamped>, made?: typeof newest) =>
    planRerun({ stamped: object, newest: made, now });
  const keys = (rerun: ReturnType<typeof plan>): string[] =>
    Object.values((rerun?.body as { metadata?: object } | undefined)?.metadata ?? {}).flatMap((pairs: object) =>
      Object.keys(pairs),
    );
  assert.equal(plan(stamped("kpack.io/v1alpha2", "Image")), undefined);
  const build = plan(stamped("kpack.io/v1alpha2", "Image"), newest);
  assert.deepEqual([build?.target.kind, keys(build)], ["Build", ["image.kpack.io/additionalBuildNeeded"]]);
  for (const [object, key] of [
    [stamped("source.toolkit.fluxcd.io/v1", "GitRepository"), "reconcile.fluxcd.io/requestedAt"],
    [stamped("argoproj.io/v1alpha1", "Application"), "argocd.argoproj.io/refresh"],
    [stamped("v1", "ConfigMap"), "slipway.dev/reconcile-requested-at"],
    [stamped("tekton.dev/v1", "TaskRun", { "slipway.dev/stamp-digest": "x" }), "slipway.dev/stamp-digest"],
  ] as const)
    assert.deepEqual(keys(plan(object)), [key]);
});
