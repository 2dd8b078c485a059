/** The columns of `kubectl get` for the kinds of Cartographer and its Convention Service are upstream's. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { ResourceRef, Unstructured } from "#api/meta.ts";
import { type Draft, KubeClient } from "#ports/kube/client.ts";
import { applyDefinitions } from "#profiles/defaults.ts";
import { type Cluster, startCluster } from "../compat/cluster.ts";
import { callServer } from "../compat/http.ts";

const READINESS = ["Name", "Ready", "Reason", "Age"];
const PLAIN = ["Name", "Age"];
const COLUMNS: Record<string, readonly string[]> = {
  // The last one is ours: the whole cause, without another command.
  "carto.run/workloads": ["Name", "Source", "SupplyChain", "Ready", "Reason", "Age", "Message"],
  "carto.run/deliverables": ["Name", "Source", "Delivery", "Ready", "Reason", "Age"],
  "carto.run/runnables": READINESS,
  "carto.run/clustersupplychains": READINESS,
  "carto.run/clusterdeliveries": READINESS,
  "carto.run/clustersourcetemplates": PLAIN,
  "carto.run/clusterimagetemplates": PLAIN,
  "carto.run/clusterconfigtemplates": PLAIN,
  "carto.run/clustertemplates": PLAIN,
  "carto.run/clusterdeploymenttemplates": PLAIN,
  "carto.run/clusterruntemplates": PLAIN,
  "conventions.carto.run/podintents": READINESS,
  "conventions.carto.run/clusterpodconventions": PLAIN,
};

type Table = { columnDefinitions: { name: string }[]; rows: { cells: unknown[] }[] };

describe("columns", () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await startCluster({ controllers: false });
    await applyDefinitions(new KubeClient(cluster.inProcess));
  });
  after(() => cluster[Symbol.asyncDispose]());

  const table = async (resource: string): Promise<Table> => {
    const [group, plural] = resource.split("/");
    const headers = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" };
    const { body } = await callServer(cluster.server, `/apis/${group}/v1alpha1/${plural}`, { headers });
    return JSON.parse(body) as Table;
  };

  for (const [resource, expected] of Object.entries(COLUMNS))
    test(resource, async () => {
      const { columnDefinitions } = await table(resource);
      assert.deepEqual(
        columnDefinitions.map(({ name }) => name),
        expected,
      );
    });

  test("the source of a workload is its repository or its image", async () => {
    const client = new KubeClient(cluster.inProcess);
    const kind = (await client.resourceFor("carto.run/v1alpha1", "Workload")) as ResourceRef<Unstructured>;
    for (const [name, source] of Object.entries({ a: { git: { url: "https://git.example/a" } }, b: { image: "r/b" } }))
      await client.create(kind, { metadata: { name, namespace: "default" }, spec: { source } } as Draft<Unstructured>);
    const { rows } = await table("carto.run/workloads");
    assert.deepEqual(
      rows.map(({ cells }) => cells[1]),
      ["https://git.example/a", "r/b"],
    );
  });
});
