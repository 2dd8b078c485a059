/** Runs that are made again by hand, and workloads that are paused, against the real API server. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { ResourceRef, Unstructured } from "#api/meta.ts";
import { planRerun } from "#cli/workload/rerun-plan.ts";
import { ObjectCache } from "#engine/controller/cache.ts";
import { type Running, runControllers } from "#engine/controller/run.ts";
import { type Conditioned, findCondition } from "#kit/conditions.ts";
import { supplyControllers } from "#platform/supply/index.ts";
import { type Draft, KubeClient } from "#ports/kube/client.ts";
import { applyDefinitions } from "#profiles/defaults.ts";
import { type Cluster, startCluster } from "../compat/cluster.ts";
import { allowStamping } from "../harness/grants.ts";
import { eventually } from "../harness/wait.ts";

const CONFIG_MAP: ResourceRef = {
  group: "",
  version: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  scope: "Namespaced",
};
const namespace = "default";

describe("again, and not now", () => {
  let cluster: Cluster;
  let client: KubeClient;
  let cache: ObjectCache;
  let running: Running;

  before(async () => {
    cluster = await startCluster();
    client = new KubeClient(cluster.inProcess);
    await applyDefinitions(client);
    await allowStamping(client, "default");
    cache = new ObjectCache(client);
    running = runControllers(cache, supplyControllers());
  });
  after(async () => {
    await running.close();
    cache.close();
    await cluster[Symbol.asyncDispose]();
  });

  async function apply(kind: string, metadata: object, spec: object): Promise<Unstructured> {
    const resource = await client.resourceFor("carto.run/v1alpha1", kind);
    return await client.apply(resource, { metadata, spec } as Draft<Unstructured>);
  }
  const configMaps = async (labels: Record<string, string>): Promise<Unstructured[]> =>
    (await client.list(CONFIG_MAP, { namespace, labels })).items;

  test("a superseded run of a Runnable is made again, and stays", async () => {
    const template = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { generateName: "run-" },
      data: { a: "b" },
      spec: {},
    };
    await apply("ClusterRunTemplate", { name: "again" }, { template });
    const runnable = await apply("Runnable", { name: "again", namespace }, { runTemplateRef: { name: "again" } });
    const labels = { "carto.run/runnable-name": "again" };
    const [first] = await eventually("a run", async () => {
      const found = await configMaps(labels);
      return found.length === 1 && found;
    });
    const rerun = planRerun({
      stamped: { ...runnable, kind: "Runnable" },
      newest: { ...first, apiVersion: "v1", kind: "ConfigMap" } as Unstructured,
      now: new Date(),
    });
    assert.ok(rerun);
    await client.patch(CONFIG_MAP, rerun.target.metadata, { type: "merge", body: rerun.body });
    await eventually("a second run", async () => (await configMaps(labels)).length === 2);
  });

  test("a paused workload is left alone until it is resumed", async () => {
    const body = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "paused-end" },
      data: { url: "$(workload.spec.image)$" },
    };
    await apply("ClusterTemplate", { name: "paused-end" }, { template: body });
    const step = { name: "end", templateRef: { kind: "ClusterTemplate", name: "paused-end" } };
    await apply("ClusterSupplyChain", { name: "paused" }, { selector: { type: "paused" }, resources: [step] });
    const workload = async (image: string, paused: string): Promise<Unstructured> =>
      await apply(
        "Workload",
        { name: "paused", namespace, labels: { type: "paused" }, annotations: { "slipway.dev/paused": paused } },
        { image },
      );
    const url = async (): Promise<unknown> =>
      ((await client.get(CONFIG_MAP, "paused-end", namespace)) as { data?: { url?: string } } | undefined)?.data?.url;
    await workload("one", "false");
    await eventually("the first image", async () => (await url()) === "one");
    const { metadata } = await workload("two", "true");
    const resource = await client.resourceFor("carto.run/v1alpha1", "Workload");
    await eventually("the condition", async () => {
      const found = (await client.get(resource, "paused", namespace)) as Unstructured &
        Conditioned & { status?: { observedGeneration?: number } };
      return (
        found.status?.observedGeneration === metadata.generation && findCondition(found, "Ready")?.reason === "Paused"
      );
    });
    assert.equal(await url(), "one");
    await workload("two", "false");
    await eventually("the second image", async () => (await url()) === "two");
  });
});
