/** Reasons and messages of Runnables, selectors included, and of owners whose service account is missing. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ClusterRole, ClusterRoleBinding } from "#api/builtin/index.ts";
import type { Unstructured } from "#api/meta.ts";
import { ObjectCache } from "#engine/controller/cache.ts";
import { type Running, runControllers } from "#engine/controller/run.ts";
import { type Condition, type Conditioned, findCondition } from "#kit/conditions.ts";
import { supplyControllers } from "#platform/supply/index.ts";
import { type Draft, KubeClient } from "#ports/kube/client.ts";
import { applyDefinitions } from "#profiles/defaults.ts";
import { type Cluster, startCluster } from "../compat/cluster.ts";
import { allowStamping } from "../harness/grants.ts";
import { eventually } from "../harness/wait.ts";

const namespace = "default";
const CARTO = "carto.run/v1alpha1";
const map = (metadata: object, data: object): object => ({ apiVersion: "v1", kind: "ConfigMap", metadata, data });
const found = (kind: string, labels: object, apiVersion = "v1"): object => ({
  selector: { resource: { apiVersion, kind }, matchingLabels: labels },
});

type Row = { name: string; template?: object; outputs?: object; spec?: object; reason: string; message: RegExp };

const UNREADY: Row[] = [
  {
    name: "no-template",
    spec: { runTemplateRef: { name: "nothing" } },
    reason: "RunTemplateNotFound",
    message: /^unable to get run template \[nothing\]: clusterruntemplates\.carto\.run "nothing" not found/,
  },
  {
    name: "no-account",
    spec: { serviceAccountName: "nobody" },
    reason: "ServiceAccountError",
    message: /^failed to get service account \[default\/nobody\]: serviceaccounts "nobody" not found/,
  },
  {
    name: "no-value",
    template: map({ generateName: "r-" }, { a: "$(runnable.spec.inputs.absent)$" }),
    reason: "TemplateStampFailure",
    message: /^unable to stamp object for run template \[no-value\]: .*absent/,
  },
  {
    name: "nothing-selected",
    spec: found("ConfigMap", { color: "blue", app: "x" }),
    reason: "TemplateStampFailure",
    message:
      /^unable to resolve selector \[map\[app:x color:blue\]\], apiVersion \[v1\], kind \[ConfigMap\]: selector did not match any objects$/,
  },
  {
    name: "several-selected",
    spec: found("ConfigMap", { pick: "two" }),
    reason: "TemplateStampFailure",
    message: /: selector matched multiple objects$/,
  },
  {
    name: "unknown-selected",
    spec: found("Gadget", { a: "b" }, "example.dev/v1"),
    reason: "TemplateStampFailure",
    message: /: failed to list server api resources: /,
  },
  {
    name: "refused",
    template: map({ generateName: "Not A Name" }, {}),
    reason: "StampedObjectRejectedByAPIServer",
    message: /^unable to apply object \[default\/Not A Name\] for run template \[refused\]: /,
  },
];

describe("runnables", () => {
  let cluster: Cluster;
  let client: KubeClient;
  let cache: ObjectCache;
  let running: Running;
  before(async () => {
    cluster = await startCluster();
    client = new KubeClient(cluster.inProcess);
    await applyDefinitions(client);
    await allowStamping(client, namespace);
    await client.create(ClusterRole, {
      metadata: { name: "look" },
      rules: [{ apiGroups: [""], resources: ["namespaces"], verbs: ["list"] }],
    });
    await client.create(ClusterRoleBinding, {
      metadata: { name: "look" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "look" },
      subjects: [{ kind: "ServiceAccount", name: "default", namespace }],
    });
    cache = new ObjectCache(client);
    running = runControllers(cache, supplyControllers());
    for (const [name, labels] of Object.entries({ a: { pick: "two" }, b: { pick: "two" }, c: { pick: "one" } }))
      await apply("ConfigMap", { name, namespace, labels }, { data: { of: name } }, "v1");
  });
  after(async () => {
    await running.close();
    cache.close();
    await cluster[Symbol.asyncDispose]();
  });

  async function apply(kind: string, metadata: object, fields: object, apiVersion = CARTO): Promise<void> {
    await client.apply(await client.resourceFor(apiVersion, kind), { metadata, ...fields } as Draft<Unstructured>);
  }
  async function conditionsOf(kind: string, name: string, reason: string): Promise<Record<string, Condition>> {
    const resource = await client.resourceFor(CARTO, kind);
    return await eventually(`${kind} ${name} to say ${reason}`, async () => {
      const object = (await client.get(resource, name, namespace)) as Conditioned | undefined;
      if (!object || findCondition(object, "Ready")?.reason !== reason) return undefined;
      return Object.fromEntries((object.status?.conditions ?? []).map((condition) => [condition.type, condition]));
    });
  }
  async function runnable({ name, template = map({ generateName: "r-" }, {}), outputs = {}, spec = {} }: Partial<Row>) {
    await apply("ClusterRunTemplate", { name }, { spec: { template, outputs } });
    await apply("Runnable", { name, namespace }, { spec: { runTemplateRef: { name }, ...spec } });
  }

  for (const row of UNREADY)
    test(`${row.reason}: ${row.name}`, async () => {
      await runnable(row);
      const { RunTemplateReady, StampedObjectCondition, Ready } = await conditionsOf("Runnable", row.name, row.reason);
      assert.match(RunTemplateReady?.message ?? "", row.message);
      assert.equal(RunTemplateReady?.status, "False");
      assert.equal(Ready?.status, "False");
      assert.deepEqual([StampedObjectCondition?.status, StampedObjectCondition?.reason], ["Unknown", "Unknown"]);
    });

  test("an object of the namespace, or of the cluster, can be selected", async () => {
    await runnable({
      name: "selects",
      template: map({ generateName: "selects-", labels: { made: "here" } }, { of: "$(selected.data.of)$" }),
      spec: found("ConfigMap", { pick: "one" }),
    });
    await runnable({
      name: "selects-widely",
      template: map({ generateName: "widely-", labels: { made: "widely" } }, { of: "$(selected.metadata.name)$" }),
      spec: found("Namespace", { "kubernetes.io/metadata.name": "default" }),
    });
    const maps = await client.resourceFor("v1", "ConfigMap");
    for (const [made, of] of Object.entries({ here: "c", widely: "default" })) {
      const [object] = await eventually(`the object made ${made}`, async () => {
        const { items } = await client.list(maps, { namespace, labels: { made } });
        return items.length > 0 ? items : undefined;
      });
      assert.deepEqual(object?.data, { of });
    }
  });

  test("OutputPathNotSatisfied: an output that the run does not give", async () => {
    // Any kind with conditions will do that nothing works on here.
    const apiVersion = "conventions.carto.run/v1alpha1";
    const spec = { template: { spec: { containers: [{ name: "workload", image: "r/app" }] } } };
    const template = { apiVersion, kind: "PodIntent", metadata: { generateName: "no-output-" }, spec };
    await runnable({ name: "no-output", template, outputs: { image: ".status.image" } });
    await conditionsOf("Runnable", "no-output", "Unknown");
    const intents = await client.resourceFor(apiVersion, "PodIntent");
    const { items } = await client.list(intents, { namespace, labels: { "carto.run/runnable-name": "no-output" } });
    const [made] = items as [Unstructured];
    const body = { status: { conditions: [{ type: "Succeeded", status: "True" }] } };
    await client.patch(intents, made.metadata, { type: "merge", body }, { subresource: "status" });
    const { RunTemplateReady } = await conditionsOf("Runnable", "no-output", "OutputPathNotSatisfied");
    assert.match(
      RunTemplateReady?.message ?? "",
      /^waiting to read value from resource \[podintents\.conventions\.carto\.run\/no-output-\w+\] in namespace \[default\]: .*\[image\].*\[\.status\.image\]/,
    );
  });

  test("ServiceAccountError: a workload whose service account is missing goes on when it comes", async () => {
    const template = map({ name: "accounted" }, {});
    await apply("ClusterTemplate", { name: "accounted" }, { spec: { template } });
    const resources = [{ name: "only", templateRef: { kind: "ClusterTemplate", name: "accounted" } }];
    const spec = { selector: { type: "accounted" }, resources, serviceAccountRef: { name: "chain" } };
    await apply("ClusterSupplyChain", { name: "accounted" }, { spec });
    const metadata = { name: "accounted", namespace, labels: { type: "accounted" } };
    await apply("Workload", metadata, { spec: { serviceAccountName: "own" } });
    const refused = await conditionsOf("Workload", "accounted", "ServiceAccountError");
    assert.equal(refused.SupplyChainReady?.status, "True");
    assert.match(refused.ResourcesSubmitted?.message ?? "", /^failed to get service account \[default\/own\]/);
    await apply("ServiceAccount", { name: "own", namespace }, {}, "v1");
    await conditionsOf("Workload", "accounted", "Ready");
    await apply("Workload", metadata, { spec: {} });
    const { ResourcesSubmitted } = await conditionsOf("Workload", "accounted", "ServiceAccountError");
    assert.match(ResourcesSubmitted?.message ?? "", /\[default\/chain\]/);
  });
});
