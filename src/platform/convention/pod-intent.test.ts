import assert from "node:assert/strict";
import { performance } from "node:perf_hooks";
import { describe, test } from "node:test";
import type * as k8s from "#api/builtin/types.gen.ts";
import { runPass } from "#engine/controller/testkit.ts";
import { clone } from "#kit/json.ts";
import type { ImageResolver, InProcessConvention } from "./convention.ts";
import { podIntentController } from "./pod-intent.ts";
import { STOCK_CONVENTIONS } from "./stock/index.ts";
import { imageWith } from "./testkit.ts";

const APPLIED = "conventions.carto.run/applied-conventions";
const asked: string[] = [];
const images: ImageResolver = {
  describe: async (reference) => {
    asked.push(reference);
    if (reference.startsWith("missing")) throw new Error("manifest unknown");
    const image = reference.includes("@") ? reference : `${reference}@sha256:1`;
    return imageWith(image, { buildpacks: ["slipway/nodejs"], user: "1000" });
  },
};

/** A convention that adds an annotation of its name, made for tests. */
function marking(name: string, change: (template: k8s.PodTemplateSpec) => void = () => undefined): InProcessConvention {
  return {
    name,
    doc: "",
    effects: [],
    apply({ template }) {
      const copy = clone(template) as k8s.PodTemplateSpec;
      change(copy);
      return { template: copy, applied: ["mark"] };
    },
  };
}
const rogue = marking("rogue", (template) => {
  template.metadata = { name: "n", uid: "u", finalizers: ["f"], annotations: { [APPLIED]: "forged" } } as never;
});
const sidecar = marking("sidecar", (template) => {
  template.spec?.containers.push({ name: "proxy", image: "r/proxy" });
});
const failing = marking("failing", () => {
  throw new Error("the port is taken");
});
const controller = podIntentController({
  images,
  inProcess: [marking("a"), marking("b"), rogue, sidecar, failing, ...STOCK_CONVENTIONS],
});

const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace: "ns" } };
function intent(more: { metadata?: object; spec?: object; template?: object; image?: string; status?: object } = {}) {
  const { metadata = {}, spec = {}, template = {}, image = "r/app:1", status } = more;
  return {
    apiVersion: "conventions.carto.run/v1alpha1",
    kind: "PodIntent",
    metadata: { name: "app", namespace: "ns", ...metadata },
    spec: {
      serviceAccountName: "default",
      template: { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "workload", image }] }, ...template },
      ...spec,
    },
    ...(status && { status }),
  };
}
function convention(name: string, spec: object = {}, annotations: object = {}) {
  return {
    apiVersion: "conventions.carto.run/v1alpha1",
    kind: "ClusterPodConvention",
    metadata: { name, annotations: { "conventions.slipway.dev/in-process": name, ...annotations } },
    spec,
  };
}
async function reconcile(subject: object, objects: object[], world: object[] = [account]) {
  const { outcome, status } = await runPass(controller, { world: [subject, ...world, ...objects], key: "ns/app" });
  const template = status.template as k8s.PodTemplateSpec | undefined;
  return {
    outcome,
    template,
    lines: template?.metadata?.annotations?.[APPLIED]?.split("\n"),
    conditions: Object.fromEntries((status.conditions ?? []).map((condition) => [condition.type, condition])),
  };
}

describe("order and selection", () => {
  test("priority, then name", async () => {
    const objects = [
      convention("b"),
      convention("a", { priority: "Late" }),
      convention("rogue", { priority: "Early" }),
    ];
    const { lines } = await reconcile(intent(), objects);
    assert.deepEqual(lines, ["rogue/mark", "b/mark", "a/mark"]);
  });

  const labelled = intent({ metadata: { labels: { on: "intent" } } });
  const rows: [title: string, spec: object, isApplied: boolean][] = [
    ["no selector", {}, true],
    ["an empty list", { selectors: [] }, true],
    ["an empty selector", { selectors: [{}] }, true],
    ["labels of the pod template", { selectors: [{ matchLabels: { a: "b" } }] }, true],
    ["other labels", { selectors: [{ matchLabels: { a: "c" } }] }, false],
    ["any of several", { selectors: [{ matchLabels: { a: "c" } }, { matchLabels: { a: "b" } }] }, true],
    ["expressions", { selectors: [{ matchExpressions: [{ key: "a", operator: "Exists" }] }] }, true],
    ["labels of the intent are not those of the template", { selectors: [{ matchLabels: { on: "intent" } }] }, false],
    ["labels of the intent", { selectorTarget: "PodIntent", selectors: [{ matchLabels: { on: "intent" } }] }, true],
    [
      "labels of the template are not those of the intent",
      { selectorTarget: "PodIntent", selectors: [{ matchLabels: { a: "b" } }] },
      false,
    ],
  ];
  for (const [title, spec, isApplied] of rows)
    test(title, async () => {
      const { lines } = await reconcile(labelled, [convention("a", spec)]);
      assert.deepEqual(lines, isApplied ? ["a/mark"] : undefined);
    });

  test("a selector that does not parse is no matter of time", async () => {
    const spec = { selectors: [{ matchExpressions: [{ key: "a", operator: "Like" }] }] };
    const { conditions, outcome } = await reconcile(intent(), [convention("a", spec)]);
    assert.equal(conditions.ConventionsApplied?.reason, "LabelSelector");
    assert.match(
      conditions.ConventionsApplied?.message ?? "",
      /^filtering conventions failed: converting label selector for clusterPodConvention "a" failed: .*Like/,
    );
    assert.equal(outcome.recheckAfter, undefined);
  });
});

describe("images", () => {
  test("without a matching convention nothing is resolved or pinned", async () => {
    asked.length = 0;
    const { template, conditions } = await reconcile(intent({ image: "missing" }), []);
    assert.deepEqual(template, intent({ image: "missing" }).spec.template);
    assert.deepEqual(asked, []);
    assert.equal(conditions.Ready?.reason, "ConventionsApplied");
  });

  test("are pinned before each convention, those that a convention added too, and read once", async () => {
    asked.length = 0;
    const template = {
      spec: { initContainers: [{ name: "i", image: "r/init" }], containers: [{ name: "w", image: "r/app" }] },
    };
    const objects = [convention("sidecar"), convention("a", { priority: "Late" })];
    const result = await reconcile(intent({ template }), objects);
    const all = [...(result.template?.spec?.initContainers ?? []), ...(result.template?.spec?.containers ?? [])];
    assert.deepEqual(
      all.map(({ image }) => image),
      ["r/init@sha256:1", "r/app@sha256:1", "r/proxy@sha256:1"],
    );
    assert.deepEqual(asked, ["r/app", "r/init", "r/proxy"]);
  });

  test("that cannot be read are named, and tried again", async () => {
    const { conditions, outcome } = await reconcile(intent({ image: "missing" }), [convention("a")]);
    assert.equal(conditions.Ready?.status, "False");
    assert.equal(conditions.ConventionsApplied?.reason, "ConventionsApplied");
    assert.equal(
      conditions.ConventionsApplied?.message,
      'fetching metadata for Images failed: image: "missing" error: manifest unknown',
    );
    assert.equal(outcome.recheckAfter, 1_000);
  });

  for (const [image, expected] of [
    ["r.example/app@sha256:2", undefined],
    ["r.example/app:1", 300_000],
    ["127.0.0.1:7400/app:1", 10_000],
  ] as const)
    test(`${image} is looked up again after ${expected}`, async () => {
      const { outcome } = await reconcile(intent({ image }), [convention("a")]);
      assert.equal(outcome.recheckAfter, expected);
    });

  test("need the service account", async () => {
    const subject = intent({ spec: { serviceAccountName: "other" } });
    const { conditions, outcome } = await reconcile(subject, [convention("a")]);
    assert.equal(conditions.ConventionsApplied?.reason, "ImageResolutionFailed");
    assert.equal(conditions.ConventionsApplied?.message, 'failed to authenticate: serviceaccounts "other" not found');
    assert.equal(outcome.recheckAfter, undefined);
  });
});

describe("the result", () => {
  test("keeps what was applied before, and no convention can erase or forge it", async () => {
    const template = { metadata: { annotations: { [APPLIED]: "earlier/one" } }, spec: { containers: [] } };
    const { lines } = await reconcile(intent({ template }), [convention("a"), convention("rogue")]);
    assert.deepEqual(lines, ["earlier/one", "a/mark", "rogue/mark"]);
  });

  test("has only the metadata that a pod template may have", async () => {
    const { template } = await reconcile(intent(), [convention("rogue")]);
    assert.deepEqual(template?.metadata as unknown, { name: "n", annotations: { [APPLIED]: "rogue/mark" } });
  });

  test("of the last success stays when a convention fails, and the failure is final", async () => {
    const last = { spec: { containers: [{ name: "old" }] } };
    const { template, conditions, outcome } = await reconcile(intent({ status: { template: last } }), [
      convention("failing"),
    ]);
    assert.deepEqual(template, last);
    assert.equal(
      conditions.ConventionsApplied?.message,
      "failed to apply convention from source failing: the port is taken",
    );
    assert.equal(outcome.recheckAfter, undefined);
  });

  test("waits twice as long after each failure, up to five minutes", async () => {
    const failedAt = (time: string) => ({
      conditions: [
        { type: "ConventionsApplied", status: "False", reason: "ConventionsApplied", lastTransitionTime: time },
      ],
    });
    for (const [time, expected] of [
      ["2025-12-31T23:59:20Z", 40_000],
      ["2025-12-31T00:00:00Z", 300_000],
    ] as const) {
      const { outcome } = await reconcile(intent({ image: "missing", status: failedAt(time) }), [convention("a")]);
      assert.equal(outcome.recheckAfter, expected);
    }
  });

  const rows: [title: string, object: object, message: RegExp][] = [
    [
      "a convention that nobody applies",
      convention("x", {}, { "conventions.slipway.dev/in-process": "nope" }),
      /source x: it has no spec\.webhook and names no convention of this program: .* one of a, b/,
    ],
    [
      "values that are no YAML",
      convention("a", {}, { "conventions.slipway.dev/values": "{" }),
      /source a: annotation conventions\.slipway\.dev\/values:\d+:\d+: /,
    ],
    [
      "values that are no map",
      convention("a", {}, { "conventions.slipway.dev/values": "- 1" }),
      /must be one YAML map/,
    ],
  ];
  for (const [title, object, message] of rows)
    test(`${title} says so`, async () => {
      const { conditions } = await reconcile(intent(), [object]);
      assert.match(conditions.ConventionsApplied?.message ?? "", message);
    });
});

test("what five in-process conventions cost", async () => {
  const objects = STOCK_CONVENTIONS.slice(0, 5).map(({ name }) => convention(name));
  const world = [intent(), account, ...objects];
  for (let warm = 0; warm < 200; warm++) await runPass(controller, { world, key: "ns/app" });
  const rounds = 200;
  const started = process.cpuUsage();
  const at = performance.now();
  for (let round = 0; round < rounds; round++) await runPass(controller, { world, key: "ns/app" });
  const { user, system } = process.cpuUsage(started);
  const cpu = (user + system) / 1000 / rounds;
  console.log(
    `five in-process conventions: ${cpu.toFixed(3)} ms CPU, ${((performance.now() - at) / rounds).toFixed(3)} ms`,
  );
  const { lines } = await reconcile(intent(), objects);
  assert.deepEqual(lines, ["nodejs/nodejs-port", "nodejs/nodejs-resources", "nodejs/nodejs-security"]);
});
