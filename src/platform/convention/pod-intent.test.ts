import assert from "node:assert/strict";
import { test } from "node:test";
import { runPass } from "#engine/controller/testkit.ts";
import type { ImageResolver } from "./convention.ts";
import { podIntentController } from "./pod-intent.ts";
import { nodejs } from "./stock/nodejs.ts";
import { provenance } from "./stock/provenance.ts";

const labels = {
  "io.buildpacks.build.metadata": JSON.stringify({ buildpacks: [{ id: "slipway/nodejs" }] }),
  "io.buildpacks.project.metadata": JSON.stringify({
    source: { version: { commit: "abc" }, metadata: { revision: "main@sha1:abc" } },
  }),
};
const described = { reference: "r/app@sha256:1", config: { config: { Labels: labels } } };
const images: ImageResolver = {
  describe: async (reference) => {
    if (reference.startsWith("missing")) throw new Error("manifest unknown");
    return described;
  },
};
const controller = podIntentController({ images, inProcess: [nodejs, provenance] });

function intent(container: object) {
  return {
    apiVersion: "conventions.carto.run/v1alpha1",
    kind: "PodIntent",
    metadata: { name: "app", namespace: "ns" },
    spec: {
      template: { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "workload", ...container }] } },
    },
  };
}

function convention(name: string, spec: object = {}, annotation = name) {
  return {
    apiVersion: "conventions.carto.run/v1alpha1",
    kind: "ClusterPodConvention",
    metadata: { name, annotations: { "conventions.slipway.dev/in-process": annotation } },
    spec,
  };
}

test("conventions are applied in order, images pinned, and the result says what was applied", async () => {
  const world = [
    intent({ image: "r/app:latest" }),
    convention("provenance"),
    convention("nodejs", { priority: "Late" }),
  ];
  const { status } = await runPass(controller, { world, key: "ns/app" });
  const template = status.template as {
    metadata: { annotations: Record<string, string> };
    spec: { containers: { image: string; ports?: object[] }[] };
  };
  assert.equal(template.spec.containers[0]?.image, "r/app@sha256:1");
  assert.deepEqual(template.spec.containers[0]?.ports, [{ containerPort: 8080, protocol: "TCP" }]);
  assert.equal(template.metadata.annotations["slipway.dev/source-revision"], "main@sha1:abc");
  assert.equal(
    template.metadata.annotations["conventions.carto.run/applied-conventions"],
    "provenance/source-revision\nnodejs/nodejs-port",
  );
  assert.equal(status.conditions?.find(({ type }) => type === "ConventionsApplied")?.reason, "Applied");
});

test("a port that the container names is left alone", async () => {
  const world = [intent({ image: "r/app", ports: [{ containerPort: 9 }] }), convention("nodejs")];
  const { status } = await runPass(controller, { world, key: "ns/app" });
  const template = status.template as { spec: { containers: { ports: object[] }[] } };
  assert.deepEqual(template.spec.containers[0]?.ports, [{ containerPort: 9 }]);
});

test("without a matching convention nothing is resolved", async () => {
  const world = [intent({ image: "missing" }), convention("nodejs", { selectors: [{ matchLabels: { a: "c" } }] })];
  const { status } = await runPass(controller, { world, key: "ns/app" });
  assert.deepEqual(status.template, world[0] && (world[0] as ReturnType<typeof intent>).spec.template);
});

test("an image that cannot be read, and a convention that is not there, say so", async () => {
  const unreadable = await runPass(controller, {
    world: [intent({ image: "missing" }), convention("nodejs")],
    key: "ns/app",
  });
  assert.equal(unreadable.outcome.kind, "waiting");
  assert.match(unreadable.status.conditions?.at(-1)?.message ?? "", /cannot read image missing: manifest unknown/);
  const unknown = await runPass(controller, {
    world: [intent({ image: "i" }), convention("x", {}, "nope")],
    key: "ns/app",
  });
  assert.match(unknown.status.conditions?.at(-1)?.message ?? "", /convention x names no convention of this program/);
});
