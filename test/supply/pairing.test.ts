/** Steps that read a source and what was made of it, with kinds that the program knows nothing of: never two versions at once. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ConfigMap } from "#api/builtin/index.ts";
import { toCustomResourceDefinition } from "#api/crd.ts";
import { defineResource } from "#api/define.ts";
import type { ResourceRef, Unstructured } from "#api/meta.ts";
import { ObjectCache } from "#engine/controller/cache.ts";
import { type Running, runControllers } from "#engine/controller/run.ts";
import { type Conditioned, findCondition } from "#kit/conditions.ts";
import { s } from "#kit/schema/build.ts";
import { supplyControllers } from "#platform/supply/index.ts";
import { type Draft, KubeClient } from "#ports/kube/client.ts";
import { applyDefinitions } from "#profiles/defaults.ts";
import { type Cluster, startCluster } from "../compat/cluster.ts";
import { allowStamping } from "../harness/grants.ts";
import { eventually } from "../harness/wait.ts";

/** Something that makes a result of `spec.of`, and takes its time. */
const Maker = defineResource({
  group: "test.example.dev",
  version: "v1",
  kind: "Maker",
  scope: "Namespaced",
  spec: s.object({ of: s.string() }),
  status: s.object({ result: s.optional(s.string()) }),
  conditions: ["Ready"],
});
const MAKER = Maker as unknown as ResourceRef;
const namespace = "default";
const READY = { healthRule: { singleConditionType: "Ready" } };

type Made = Unstructured & { spec: { of: string }; status?: { result?: string } };
type Kind = "Workload" | "Deliverable";

describe("outputs that belong together", () => {
  let cluster: Cluster;
  let client: KubeClient;
  let cache: ObjectCache;
  let running: Running;
  let watching: ObjectCache;
  let unsubscribe: () => void;
  /** What every object whose name ends in `-end` was ever stamped with. */
  const seen = new Map<string, Set<string>>();

  before(async () => {
    cluster = await startCluster();
    client = new KubeClient(cluster.inProcess);
    await applyDefinitions(client);
    await allowStamping(client, namespace);
    const definitions = await client.resourceFor("apiextensions.k8s.io/v1", "CustomResourceDefinition");
    await client.apply(definitions, toCustomResourceDefinition(Maker) as Draft<Unstructured>);
    watching = new ObjectCache(client);
    unsubscribe = watching.informer(ConfigMap).subscribe(({ object: { metadata, data } }) => {
      if (data?.pair) seen.set(metadata.name, (seen.get(metadata.name) ?? new Set()).add(data.pair));
    });
    start();
  });
  after(async () => {
    unsubscribe();
    await stop();
    watching.close();
    await cluster[Symbol.asyncDispose]();
  });

  function start(): void {
    cache = new ObjectCache(client);
    running = runControllers(cache, supplyControllers());
  }
  async function stop(): Promise<void> {
    await running.close();
    cache.close();
  }
  async function apply(kind: string, metadata: { name: string; namespace?: string; labels?: object }, spec: object) {
    const resource = await client.resourceFor("carto.run/v1alpha1", kind);
    return await client.apply(resource, { metadata, spec } as Draft<Unstructured>);
  }
  const owner = async (kind: Kind, name: string, revision: string, note = "") => {
    const params = [
      { name: "revision", value: revision },
      { name: "note", value: note },
    ];
    await apply(kind, { name, namespace, labels: { type: name } }, { params });
  };
  const end = async (name: string): Promise<Record<string, string> | undefined> =>
    (await client.get(ConfigMap, `${name}-end`, namespace))?.data;
  const pairIs = async (name: string, pair: string) =>
    await eventually(`${name} to be ${pair}`, async () => (await end(name))?.pair === pair);
  const wasOnly = async (name: string, pairs: readonly string[]): Promise<void> => {
    const was = (): string[] => [...(seen.get(`${name}-end`) ?? [])];
    await eventually("the watch to be there", async () => was().includes(pairs.at(-1) ?? ""));
    assert.deepEqual(was(), pairs);
  };
  const waits = async (kind: Kind, name: string, pattern: RegExp) =>
    await eventually(`${name} to wait`, async () => {
      const object = (await client.get(await client.resourceFor("carto.run/v1alpha1", kind), name, namespace)) as
        | Conditioned
        | undefined;
      const condition = findCondition(object, "ResourcesSubmitted");
      return condition?.reason === "MissingValueAtPath" && pattern.test(condition.message ?? "");
    });
  const makers = async (name: string): Promise<Made[]> =>
    (await client.list(MAKER, { namespace })).items.filter(({ metadata }) =>
      Object.entries(metadata.labels ?? {}).some(([key, value]) => /-name$/.test(key) && value === name),
    ) as Made[];
  const makerOf = async (name: string, of: string): Promise<Made> =>
    await eventually(`${name} to make something of ${of}`, async () =>
      (await makers(name)).find(({ spec }) => spec.of === of),
    );
  /** What a kind's controller says of its newest generation; a failure leaves the result that there was. */
  async function report({ metadata }: Made, ready: "True" | "False" | undefined, more: object): Promise<void> {
    const conditions = ready && [{ type: "Ready", status: ready, reason: "Done" }];
    const body = { status: { ...(conditions && { conditions }), ...more } };
    await client.patch(MAKER, metadata, { type: "merge", body }, { subresource: "status" });
  }
  async function finish(name: string, of: string): Promise<void> {
    const maker = await makerOf(name, of);
    const { generation: observedGeneration } = maker.metadata;
    await report(maker, "True", { observedGeneration, result: `made-of-${of}` });
  }
  async function fail(name: string, of: string): Promise<void> {
    const maker = await makerOf(name, of);
    await report(maker, "False", { observedGeneration: maker.metadata.generation });
  }
  const source = async (name: string) =>
    await apply(
      "ClusterSourceTemplate",
      { name: `${name}-source` },
      {
        urlPath: ".data.url",
        revisionPath: ".data.revision",
        template: {
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: { name: `${name}-source` },
          data: { url: "u", revision: "$(params.revision)$" },
        },
      },
    );
  const maker = async (kind: string, name: string, path: string, more: object = READY) => {
    const immutable = "lifecycle" in more;
    await apply(
      kind,
      { name: `${name}-maker` },
      {
        [path]: ".status.result",
        ...more,
        template: {
          apiVersion: "test.example.dev/v1",
          kind: "Maker",
          metadata: immutable ? { generateName: `${name}-` } : { name: `${name}-maker` },
          spec: { of: "$(source.revision)$" },
        },
      },
    );
  };
  const ending = async (name: string, made: string) =>
    await apply(
      "ClusterTemplate",
      { name: `${name}-end` },
      {
        template: {
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: { name: `${name}-end` },
          data: { pair: `$(source.revision)$ ${made}`, note: "$(params.note)$" },
        },
      },
    );
  const from = (resource: string) => [{ name: resource, resource }];
  const step = (name: string, kind: string, template: string, more: object = {}) => ({
    name,
    templateRef: { kind, name: template },
    ...more,
  });
  /** Source, image of the source, and a step that reads both. */
  async function imageChain(name: string, more: object = READY): Promise<void> {
    await source(name);
    await maker("ClusterImageTemplate", name, "imagePath", more);
    await ending(name, "$(image)$");
    const resources = [
      step("source", "ClusterSourceTemplate", `${name}-source`),
      step("image", "ClusterImageTemplate", `${name}-maker`, { sources: from("source") }),
      step("end", "ClusterTemplate", `${name}-end`, { sources: from("source"), images: from("image") }),
    ];
    await apply("ClusterSupplyChain", { name }, { selector: { type: name }, resources });
  }
  const both = (revision: string): string => `${revision} made-of-${revision}`;

  test("a source moves on and the image lags, fails, and is there in the end; also over a restart", async () => {
    const name = "lag";
    await imageChain(name);
    await owner("Workload", name, "a");
    await finish(name, "a");
    await pairIs(name, both("a"));

    await owner("Workload", name, "b");
    await makerOf(name, "b");
    const waiting = /^resource \[end\] in supply chain \[lag\] stays as it is.*\[image\].*\[source\]/;
    await waits("Workload", name, waiting);
    await stop();
    start();
    await fail(name, "b");
    await running.settle();
    await waits("Workload", name, waiting);
    assert.equal((await end(name))?.pair, both("a"));

    // the image of a is still the last one, and was used with a before
    await owner("Workload", name, "a", "back");
    await eventually("the note", async () => (await end(name))?.note === "back");
    await owner("Workload", name, "c");
    await finish(name, "c");
    await pairIs(name, both("c"));
    await wasOnly(name, [both("a"), both("c")]);
  });

  test("runs: the newest good one counts with its own inputs, whichever was made last", async () => {
    const name = "runs";
    await imageChain(name, { lifecycle: "immutable", ...READY });
    await owner("Workload", name, "a");
    await finish(name, "a");
    await pairIs(name, both("a"));
    await owner("Workload", name, "b");
    await fail(name, "b");
    await waits("Workload", name, /\[image\]/);
    await stop();
    start();
    await waits("Workload", name, /\[image\]/);
    await owner("Workload", name, "c");
    await finish(name, "c");
    await pairIs(name, both("c"));
    await owner("Workload", name, "a");
    await pairIs(name, both("a"));
    assert.equal((await makers(name)).length, 3, "what was made before is not made again");
    await wasOnly(name, [both("a"), both("c")]);
  });

  test("by way of other steps and of one that hands through", async () => {
    const name = "far";
    await source(name);
    await maker("ClusterImageTemplate", name, "imagePath");
    await apply(
      "ClusterConfigTemplate",
      { name: "far-config" },
      {
        configPath: ".data.of",
        template: {
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: { name: "far-config" },
          data: { of: "$(image)$" },
        },
      },
    );
    await ending(name, "$(config)$");
    const handsThrough = {
      name: "tested",
      templateRef: {
        kind: "ClusterSourceTemplate",
        options: [
          { passThrough: "source", selector: { matchFields: [{ key: "spec.image", operator: "DoesNotExist" }] } },
          { name: "far-source", selector: { matchFields: [{ key: "spec.image", operator: "Exists" }] } },
        ],
      },
      sources: from("source"),
    };
    const resources = [
      step("source", "ClusterSourceTemplate", "far-source"),
      handsThrough,
      step("image", "ClusterImageTemplate", "far-maker", { sources: from("tested") }),
      step("config", "ClusterConfigTemplate", "far-config", { images: from("image") }),
      step("end", "ClusterTemplate", "far-end", { sources: from("tested"), configs: from("config") }),
    ];
    await apply("ClusterSupplyChain", { name }, { selector: { type: name }, resources });
    await owner("Workload", name, "a");
    await finish(name, "a");
    await pairIs(name, both("a"));
    await owner("Workload", name, "b");
    await makerOf(name, "b");
    await waits("Workload", name, /\[image\].*\[tested\]/);
    await finish(name, "b");
    await pairIs(name, both("b"));
    await wasOnly(name, [both("a"), both("b")]);
  });

  test("deliverables alike", async () => {
    const name = "delivered";
    await source(name);
    await maker("ClusterConfigTemplate", name, "configPath");
    await ending(name, "$(config)$");
    const resources = [
      step("source", "ClusterSourceTemplate", "delivered-source"),
      step("config", "ClusterConfigTemplate", "delivered-maker", { sources: from("source") }),
      step("end", "ClusterTemplate", "delivered-end", { sources: from("source"), configs: from("config") }),
    ];
    await apply("ClusterDelivery", { name }, { selector: { type: name }, resources });
    await owner("Deliverable", name, "a");
    await finish(name, "a");
    await pairIs(name, both("a"));
    await owner("Deliverable", name, "b");
    await makerOf(name, "b");
    await waits("Deliverable", name, /in delivery \[delivered\].*\[config\]/);
    await finish(name, "b");
    await pairIs(name, both("b"));
    await wasOnly(name, [both("a"), both("b")]);
  });

  test("a kind that says neither what it has seen nor how it is makes nothing wait", async () => {
    const name = "silent";
    await imageChain(name, {});
    await owner("Workload", name, "a");
    await report(await makerOf(name, "a"), undefined, { result: "made-of-a" });
    await pairIs(name, both("a"));
    await owner("Workload", name, "b");
    await pairIs(name, "b made-of-a");
    await report(await makerOf(name, "b"), undefined, { result: "made-of-b" });
    await pairIs(name, both("b"));
  });
});
