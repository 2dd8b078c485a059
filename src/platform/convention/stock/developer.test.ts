import assert from "node:assert/strict";
import { test } from "node:test";
import type * as k8s from "#api/builtin/types.gen.ts";
import { applyTo, type ImageFacts, type PodFacts } from "../testkit.ts";
import { developer } from "./developer.ts";

const live = { "apps.tanzu.vmware.com/live-update": "true" };
const debug = { "apps.tanzu.vmware.com/debug": "true" };
const onePod = { "autoscaling.knative.dev/min-scale": "1", "autoscaling.knative.dev/max-scale": "1" };
const reload = { type: "reload", command: ["watchexec"], args: ["-r", "java"] };
const env = [
  { name: "BPL_DEBUG_ENABLED", value: "true" },
  { name: "BPL_DEBUG_PORT", value: "9005" },
];

type Row = {
  title: string;
  image: ImageFacts;
  pod: PodFacts;
  applied: string[];
  container?: Partial<k8s.Container>;
};

const ROWS: Row[] = [
  { title: "nothing is asked for", image: { processes: [reload] }, pod: {}, applied: [] },
  { title: "nothing reloads", image: {}, pod: { annotations: live }, applied: [] },
  {
    title: "live update, with a launcher",
    image: { processes: [reload], entrypoint: ["/cnb/process/web"] },
    pod: { annotations: { ...live, "autoscaling.knative.dev/max-scale": "7" } },
    applied: ["live-update-convention"],
    container: { command: ["/cnb/process/reload"] },
  },
  {
    title: "live update, without",
    image: { processes: [reload], entrypoint: ["/bin/app"] },
    pod: { annotations: live },
    applied: ["live-update-convention"],
    container: { command: ["watchexec", "-r", "java"] },
  },
  {
    title: "live update of an image that reloads by itself",
    image: { processes: [reload], defaultProcess: "reload" },
    pod: { annotations: live },
    applied: ["live-update-convention"],
    container: { command: undefined as never },
  },
  {
    title: "live update of another container",
    image: { processes: [reload] },
    pod: { annotations: { ...live, "developer.conventions/target-containers": "other, third" } },
    applied: [],
  },
  { title: "debug without a helper", image: { components: { helper: "1" } }, pod: { annotations: debug }, applied: [] },
  {
    title: "debug, and the probes wait",
    image: { components: { "debug-9": "1" } },
    pod: {
      annotations: debug,
      container: { livenessProbe: { timeoutSeconds: 5 }, readinessProbe: {}, startupProbe: { timeoutSeconds: 900 } },
    },
    applied: ["debug-convention"],
    container: {
      env,
      livenessProbe: { timeoutSeconds: 600 },
      readinessProbe: { timeoutSeconds: 600 },
      startupProbe: { timeoutSeconds: 900 },
    },
  },
  {
    title: "debug by the label of older buildpacks, with the user's port",
    image: {
      labels: {
        "io.buildpacks.build.metadata": JSON.stringify({ bom: [{ name: "helper", metadata: { names: ["debug-8"] } }] }),
      },
    },
    pod: { annotations: debug, container: { env: [{ name: "BPL_DEBUG_PORT", value: "1" }] } },
    applied: ["debug-convention"],
    container: {
      env: [
        { name: "BPL_DEBUG_PORT", value: "1" },
        { name: "BPL_DEBUG_ENABLED", value: "true" },
      ],
    },
  },
];

for (const { title, image, pod, applied, container = {} } of ROWS)
  test(title, () => {
    const result = applyTo(developer, { image, pod });
    assert.deepEqual(result.applied, applied);
    for (const [field, value] of Object.entries(container))
      assert.deepEqual(result.container[field as keyof k8s.Container], value);
    const annotations = result.template.metadata?.annotations;
    assert.deepEqual(annotations, applied.length > 0 ? { ...pod.annotations, ...onePod } : pod.annotations);
  });

test("every applied name is documented", () => {
  const documented = new Set(developer.effects.map(({ name }) => name));
  for (const name of ROWS.flatMap(({ applied }) => applied)) assert.ok(documented.has(name), name);
});
