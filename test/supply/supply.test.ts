/** Supply chains, deliveries and runnables against the real API server, with kinds that the program knows nothing of. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Event } from "#api/builtin/index.ts";
import { toCustomResourceDefinition } from "#api/crd.ts";
import { defineResource } from "#api/define.ts";
import type { ResourceRef, Unstructured } from "#api/meta.ts";
import { ObjectCache } from "#engine/controller/cache.ts";
import { type Running, runControllers } from "#engine/controller/run.ts";
import { type Conditioned, findCondition } from "#kit/conditions.ts";
import { s } from "#kit/schema/build.ts";
import { rehearseOnCluster, supplyControllers } from "#platform/supply/index.ts";
import { type Draft, KubeClient } from "#ports/kube/client.ts";
import { applyDefinitions } from "#profiles/defaults.ts";
import { type Cluster, startCluster } from "../compat/cluster.ts";
import { allowStamping } from "../harness/grants.ts";
import { eventually } from "../harness/wait.ts";

/** Something that runs and gives a result, like a TaskRun. */
const Run = defineResource({
  group: "test.example.dev",
  version: "v1",
  kind: "Run",
  scope: "Namespaced",
  spec: s.anyObject(),
  status: s.object({ result: s.optional(s.string()), revision: s.optional(s.string()), url: s.optional(s.string()) }),
  conditions: ["Succeeded"],
});
const CRD: ResourceRef = {
  group: "apiextensions.k8s.io",
  version: "v1",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
  scope: "Cluster",
};
const api = "carto.run/v1alpha1";
const ns = { namespace: "default" };

describe("supply", () => {
  let cluster: Cluster;
  let client: KubeClient;
  let cache: ObjectCache;
  let running: Running;

  before(async () => {
    cluster = await startCluster();
    client = new KubeClient(cluster.inProcess);
    await applyDefinitions(client);
    await allowStamping(client, "default");
    await client.apply(CRD, toCustomResourceDefinition(Run) as Draft<Unstructured>);
    start();
  });
  after(async () => {
    await stop();
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
  async function apply(
    kind: string,
    name: string,
    spec: object,
    metadata: object = {},
    apiVersion = api,
  ): Promise<Unstructured> {
    const resource = await client.resourceFor(apiVersion, kind);
    const place = resource.scope === "Namespaced" ? ns : {};
    return await client.apply(resource, { metadata: { name, ...place, ...metadata }, spec } as Draft<Unstructured>);
  }
  async function get(kind: string, name: string, apiVersion = api): Promise<Unstructured | undefined> {
    const resource = await client.resourceFor(apiVersion, kind);
    return await client.get(resource, name, resource.scope === "Namespaced" ? ns.namespace : undefined);
  }
  const ready = async (kind: string, name: string, status: string) =>
    await eventually(`${kind} ${name} to be Ready=${status}`, async () => {
      const object = await get(kind, name);
      const condition = findCondition(object as Conditioned, "Ready");
      return condition?.status === status ? { object: object as Unstructured, condition } : undefined;
    });
  const runs = async (labels: Record<string, string>): Promise<Unstructured[]> =>
    (await client.list(Run as unknown as ResourceRef, { ...ns, labels })).items;
  async function finish(run: Unstructured, status: "True" | "False", fields: object): Promise<void> {
    const body = { status: { conditions: [{ type: "Succeeded", status, reason: "Done" }], ...fields } };
    await client.patch(Run as unknown as ResourceRef, run.metadata, { type: "merge", body }, { subresource: "status" });
  }

  test("options, params and pass-through along a chain of kinds that it does not know", async () => {
    await apply("ClusterSourceTemplate", "t-source", {
      urlPath: ".data.url",
      revisionPath: ".data.revision",
      params: [{ name: "revision", default: "one" }],
      template: {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "$(workload.metadata.name)$-source" },
        data: { url: "$(workload.spec.source.git.url)$", revision: "$(params.revision)$" },
      },
    });
    await apply("ClusterTemplate", "t-end", {
      template: {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "$(workload.metadata.name)$-end" },
        data: { got: "$(source.url)$@$(source.revision)$" },
      },
    });
    const exists = { matchFields: [{ key: "spec.image", operator: "Exists" }] };
    const absent = { matchFields: [{ key: "spec.image", operator: "DoesNotExist" }] };
    await apply("ClusterSupplyChain", "t-chain", {
      selector: { type: "t" },
      resources: [
        { name: "source", templateRef: { kind: "ClusterSourceTemplate", name: "t-source" } },
        {
          name: "tested",
          templateRef: {
            kind: "ClusterSourceTemplate",
            options: [
              { passThrough: "source", selector: absent },
              { name: "t-source", selector: exists },
            ],
          },
          sources: [{ name: "source", resource: "source" }],
        },
        {
          name: "end",
          templateRef: { kind: "ClusterTemplate", name: "t-end" },
          sources: [{ name: "source", resource: "tested" }],
        },
      ],
    });
    const spec = { source: { git: { url: "u" } }, params: [{ name: "revision", value: "two" }] };
    await apply("Workload", "t", spec, { labels: { type: "t" } });
    const { object } = await ready("Workload", "t", "True");
    const end = (await get("ConfigMap", "t-end", "v1")) as Unstructured & { data: Record<string, string> };
    assert.equal(end.data.got, "u@two");
    const steps = (object.status as { resources: { name: string; conditions: { type: string; reason: string }[] }[] })
      .resources;
    assert.equal(steps[1]?.conditions.find(({ type }) => type === "ResourceSubmitted")?.reason, "PassThrough");

    const told = async (reason: string): Promise<string[]> =>
      (await client.list(Event, { ...ns, fields: `reason=${reason},involvedObject.name=t` })).items
        .map(({ message = "" }) => message)
        .sort();
    await eventually("the events", async () => (await told("StampedObjectApplied")).length === 2);
    assert.deepEqual(await told("StampedObjectApplied"), [
      "Created object [configmaps/t-end]",
      "Created object [configmaps/t-source]",
    ]);

    await apply("Workload", "t", { ...spec, params: [] }, { labels: { type: "t" } });
    await eventually("the event of the change", async () =>
      (await told("StampedObjectApplied")).includes("Patched object [configmaps/t-end]"),
    );
    await eventually("the event of the output that follows", async () =>
      (await told("ResourceOutputChanged")).includes("[tested] found a new output"),
    );
    await eventually(
      "the change to arrive",
      async () => ((await get("ConfigMap", "t-end", "v1")) as typeof end).data.got === "u@one",
    );
  });

  test("a template that is missing, and a tag that finds nothing, are said", async () => {
    await apply("ClusterSupplyChain", "u-chain", {
      selector: { type: "u" },
      resources: [{ name: "a", templateRef: { kind: "ClusterTemplate", name: "u-a" } }],
    });
    await apply("Workload", "u", {}, { labels: { type: "u" } });
    assert.match(
      (await ready("Workload", "u", "False")).condition.message ?? "",
      /^did not find the template of the resource\(s\) \[a\]: ClusterTemplate\/u-a/,
    );
    await apply("ClusterTemplate", "u-a", {
      template: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "u-a" }, data: { x: "$(params.nope)$" } },
    });
    await eventually("the tag to be named", async () =>
      /params\.nope/.test((await ready("Workload", "u", "False")).condition.message ?? ""),
    );
  });

  test("a selector that cannot be read is said on its blueprint, and troubles no workload", async () => {
    const selectorMatchFields = [{ key: "spec.params[", operator: "Exists" }];
    const resources = [{ name: "a", templateRef: { kind: "ClusterTemplate", name: "z-a" } }];
    await apply("ClusterTemplate", "z-a", {
      template: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "z" } },
    });
    await apply("ClusterSupplyChain", "z-bad", { selectorMatchFields, resources });
    assert.equal((await ready("ClusterSupplyChain", "z-bad", "False")).condition.reason, "InvalidSelector");
    await apply("ClusterSupplyChain", "z-good", { selector: { type: "z" }, resources });
    await apply("Workload", "z", {}, { labels: { type: "z" } });
    await ready("Workload", "z", "True");
  });

  test("what the API server refuses stands in the conditions", async () => {
    await apply("ClusterTemplate", "r-a", {
      template: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "r" }, data: { key: { not: "text" } } },
    });
    await apply("ClusterSupplyChain", "r-chain", {
      selector: { type: "r" },
      resources: [{ name: "a", templateRef: { kind: "ClusterTemplate", name: "r-a" } }],
    });
    await ready("ClusterSupplyChain", "r-chain", "True");
    await apply("Workload", "r", {}, { labels: { type: "r" } });
    const { condition } = await ready("Workload", "r", "False");
    assert.equal(condition.reason, "TemplateRejectedByAPIServer");
    assert.match(
      condition.message ?? "",
      /^unable to apply object \[default\/r\] for resource \[a\] in supply chain \[r-chain\]: /,
    );
    const { steps } = await rehearseOnCluster(client, (await get("Workload", "r")) as Unstructured);
    assert.equal(steps[0]?.placement?.change, "unknown");
    assert.match(steps[0]?.placement?.problem ?? "", /\.data\.key: expected string/);
  });

  test("a template in ytt stamps, and its fault stands in the conditions until it is mended", async () => {
    const ytt = (value: string): string =>
      [
        '#@ load("@ytt:data", "data")',
        "---",
        "apiVersion: v1",
        "kind: ConfigMap",
        "metadata:",
        "  name: #@ data.values.workload.metadata.name",
        "data:",
        `  value: #@ ${value}`,
        "",
      ].join("\n");
    await apply("ClusterConfigTemplate", "y-map", { configPath: ".data", ytt: ytt("data.values.params.gone") });
    await apply("ClusterSupplyChain", "y-chain", {
      selector: { type: "y" },
      resources: [{ name: "map", templateRef: { kind: "ClusterConfigTemplate", name: "y-map" } }],
    });
    await ready("ClusterSupplyChain", "y-chain", "True");
    await apply("Workload", "y", { params: [{ name: "given", value: "v" }] }, { labels: { type: "y" } });
    const { object } = await ready("Workload", "y", "False");
    const submitted = findCondition(object as Conditioned, "ResourcesSubmitted");
    assert.equal(submitted?.reason, "TemplateStampFailure");
    assert.equal(
      submitted?.message,
      "unable to stamp object for resource [map] for template [ClusterConfigTemplate/y-map] in supply chain [y-chain]: " +
        "unable to apply ytt template: ytt: Error: \n- struct has no .gone field or method\n    in <toplevel>\n" +
        "      stdin.yml:8 |   value: #@ data.values.params.gone\n",
    );
    await apply("ClusterConfigTemplate", "y-map", { configPath: ".data", ytt: ytt("data.values.params.given") });
    await ready("Workload", "y", "True");
    assert.deepEqual(((await get("ConfigMap", "y", "v1")) as { data?: object }).data, { value: "v" });
  });

  test("an immutable step makes one object per content, reads the newest good one, and a restart makes none again", async () => {
    await apply("ClusterImageTemplate", "v-run", {
      imagePath: ".status.result",
      lifecycle: "tekton",
      retentionPolicy: { maxFailedRuns: 1, maxSuccessfulRuns: 1 },
      template: {
        apiVersion: "test.example.dev/v1",
        kind: "Run",
        metadata: { generateName: "v-" },
        spec: { of: "$(workload.spec.image)$" },
      },
    });
    await apply("ClusterSupplyChain", "v-chain", {
      selector: { type: "v" },
      resources: [{ name: "run", templateRef: { kind: "ClusterImageTemplate", name: "v-run" } }],
    });
    await apply("Workload", "v", { image: "one" }, { labels: { type: "v" } });
    const own = { "carto.run/workload-name": "v" };
    const [first] = await eventually("the first run", async () =>
      (await runs(own)).length === 1 ? await runs(own) : undefined,
    );
    await finish(first as Unstructured, "True", { result: "image-one" });
    await ready("Workload", "v", "True");
    await stop();
    start();
    await ready("Workload", "v", "True");
    await running.settle();
    assert.equal((await runs(own)).length, 1, "a restart stamps nothing again");

    await apply("Workload", "v", { image: "two" }, { labels: { type: "v" } });
    const second = await eventually("the second run", async () =>
      (await runs(own)).find(({ spec }) => (spec as { of: string }).of === "two"),
    );
    await finish(second, "True", { result: "image-two" });
    await eventually("the first run to be removed", async () => (await runs(own)).length === 1);
    const { object } = await ready("Workload", "v", "True");
    const outputs = (object.status as { resources: { outputs: { preview: string }[] }[] }).resources[0]?.outputs;
    assert.equal(outputs?.[0]?.preview, "image-two\n");
  });

  test("a runnable runs once per set of inputs and keeps the outputs of the last success", async () => {
    await apply("ClusterRunTemplate", "w-run", {
      template: {
        apiVersion: "test.example.dev/v1",
        kind: "Run",
        metadata: { generateName: "w-" },
        spec: { of: "$(runnable.spec.inputs.of)$" },
      },
      outputs: { result: ".status.result" },
    });
    await apply("Runnable", "w", { runTemplateRef: { name: "w-run" }, inputs: { of: "one" } });
    const own = { "carto.run/runnable-name": "w" };
    const [first] = await eventually("the run", async () =>
      (await runs(own)).length === 1 ? await runs(own) : undefined,
    );
    await finish(first as Unstructured, "True", { result: "r1" });
    const outputs = async (): Promise<unknown> =>
      ((await get("Runnable", "w"))?.status as { outputs?: unknown } | undefined)?.outputs;
    await eventually("the output", async () => ((await outputs()) as { result?: string } | undefined)?.result === "r1");
    await apply("Runnable", "w", { runTemplateRef: { name: "w-run" }, inputs: { of: "two" } });
    const second = await eventually("the second run", async () =>
      (await runs(own)).find(({ spec }) => (spec as { of: string }).of === "two"),
    );
    await finish(second, "False", {});
    await ready("Runnable", "w", "False");
    assert.deepEqual(await outputs(), { result: "r1" });
  });

  test("a deliverable waits until its deployment is observed, and passes it on", async () => {
    await apply("ClusterSourceTemplate", "x-source", {
      urlPath: ".data.url",
      revisionPath: ".data.revision",
      template: {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "x-source" },
        data: { url: "u", revision: "r1" },
      },
    });
    await apply("ClusterDeploymentTemplate", "x-deploy", {
      observedMatches: [{ input: "spec.revision", output: "status.revision" }],
      healthRule: { alwaysHealthy: {} },
      template: {
        apiVersion: "test.example.dev/v1",
        kind: "Run",
        metadata: { name: "x-deploy" },
        spec: { of: "$(deployment.url)$", revision: "$(deployment.revision)$" },
      },
    });
    await apply("ClusterDelivery", "x-delivery", {
      selector: { type: "x" },
      resources: [
        { name: "source", templateRef: { kind: "ClusterSourceTemplate", name: "x-source" } },
        {
          name: "deploy",
          templateRef: { kind: "ClusterDeploymentTemplate", name: "x-deploy" },
          deployment: { resource: "source" },
        },
      ],
    });
    await apply("Deliverable", "x", {}, { labels: { type: "x" } });
    assert.equal((await ready("Deliverable", "x", "Unknown")).condition.reason, "ConditionNotMet");
    const run = await eventually(
      "the deployment",
      async () => (await get("Run", "x-deploy", "test.example.dev/v1")) as Unstructured,
    );
    await client.patch(
      Run as unknown as ResourceRef,
      run.metadata,
      { type: "merge", body: { status: { revision: "r1" } } },
      { subresource: "status" },
    );
    const { object } = await ready("Deliverable", "x", "True");
    assert.deepEqual((object.status as { deliveryRef: object }).deliveryRef, {
      kind: "ClusterDelivery",
      name: "x-delivery",
    });
  });
});
