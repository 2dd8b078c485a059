/** Who stamps: the service account of the owner, with its rights and no others, over both transports. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ClusterRole, ConfigMap, Namespace, Role, RoleBinding, ServiceAccount } from "#api/builtin/index.ts";
import type { ResourceRef, Unstructured } from "#api/meta.ts";
import { ObjectCache } from "#engine/controller/cache.ts";
import { type Running, runControllers } from "#engine/controller/run.ts";
import { type Condition, type Conditioned, findCondition } from "#kit/conditions.ts";
import { supplyControllers } from "#platform/supply/index.ts";
import { type Draft, KubeClient } from "#ports/kube/client.ts";
import { applyDefinitions } from "#profiles/defaults.ts";
import { type Cluster, startCluster } from "../compat/cluster.ts";
import { eventually } from "../harness/wait.ts";

const RBAC = "rbac.authorization.k8s.io";
const api = "carto.run/v1alpha1";
const configMap = (name: string, data: object) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data });
/** What an account may need to keep ConfigMaps. */
const CONFIG_MAPS = { apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list", "create", "patch"] };

for (const kind of ["inProcess", "https"] as const)
  describe(`stamping, ${kind}`, () => {
    let cluster: Cluster;
    let client: KubeClient;
    let cache: ObjectCache;
    let running: Running;
    let namespaces = 0;

    before(async () => {
      cluster = await startCluster();
      client = new KubeClient(cluster[kind]);
      await applyDefinitions(new KubeClient(cluster.inProcess));
      cache = new ObjectCache(client);
      running = runControllers(cache, supplyControllers());
      await apply(
        "ClusterTemplate",
        { name: "config" },
        { template: configMap("$(workload.metadata.name)$", { a: "b" }) },
      );
      await chain("config", [{ name: "only", templateRef: { kind: "ClusterTemplate", name: "config" } }]);
    });
    after(async () => {
      await running.close();
      cache.close();
      await cluster[Symbol.asyncDispose]();
    });

    const create = <O>(resource: ResourceRef<O>, object: object) => client.create(resource, object as never);
    async function apply(resourceKind: string, metadata: object, spec: object): Promise<void> {
      const resource = await client.resourceFor(api, resourceKind);
      await client.apply(resource, { metadata, spec } as Draft<Unstructured>);
    }
    const chain = (name: string, resources: object[], more: object = {}) =>
      apply("ClusterSupplyChain", { name }, { selector: { chain: name }, resources, ...more });
    const workload = (namespace: string, name: string, selected: string, spec: object = {}) =>
      apply("Workload", { name, namespace, labels: { chain: selected } }, spec);
    /** A new namespace with its account `default`, which may nothing. */
    async function newNamespace(): Promise<string> {
      const name = `team-${++namespaces}`;
      await create(Namespace, { metadata: { name } });
      await eventually("the account", () => client.get(ServiceAccount, "default", name));
      return name;
    }
    async function grant(namespace: string, account = { name: "default", namespace }): Promise<void> {
      const metadata = { name: "stamp", namespace };
      await client.apply(Role, { metadata, rules: [CONFIG_MAPS] } as never);
      const roleRef = { apiGroup: RBAC, kind: "Role", name: "stamp" };
      await client.apply(RoleBinding, { metadata, roleRef, subjects: [{ kind: "ServiceAccount", ...account }] });
    }
    const revoke = (namespace: string) => client.delete(RoleBinding, { name: "stamp", namespace });
    const condition = (
      resourceKind: string,
      key: [string, string],
      type: string,
      holds: (found: Condition) => boolean,
    ) =>
      eventually(`${type} of ${resourceKind} ${key.join("/")}`, async () => {
        const [namespace, name] = key;
        const object = await client.get(await client.resourceFor(api, resourceKind), name, namespace);
        const found = findCondition((object ?? {}) as Conditioned, type);
        return found && holds(found) ? found : undefined;
      });
    const submitted = (key: [string, string], status: string) =>
      condition("Workload", key, "ResourcesSubmitted", (found) => found.status === status);

    test("denied, granted, revoked and granted again: each takes effect at once", async () => {
      const namespace = await newNamespace();
      const key: [string, string] = [namespace, "w"];
      await workload(namespace, "w", "config");
      const denied = await submitted(key, "False");
      assert.equal(denied.reason, "TemplateRejectedByAPIServer");
      assert.equal(
        denied.message,
        `unable to apply object [${namespace}/w] for resource [only] in supply chain [config]: configmaps "w" is forbidden: ` +
          `User "system:serviceaccount:${namespace}:default" cannot patch resource "configmaps" in API group "" in the namespace "${namespace}"`,
      );
      await grant(namespace);
      await submitted(key, "True");
      assert.ok(await client.get(ConfigMap, "w", namespace));
      await revoke(namespace);
      await submitted(key, "False");
      assert.ok(await client.get(ConfigMap, "w", namespace), "what is there stays");
      await grant(namespace);
      await submitted(key, "True");
    });

    test("a role that gains what is missing is enough", async () => {
      const namespace = await newNamespace();
      await grant(namespace);
      const rules = [{ ...CONFIG_MAPS, verbs: ["patch"] }];
      await client.patch(Role, { name: "stamp", namespace }, { type: "merge", body: { rules } });
      await workload(namespace, "w", "config");
      assert.match(
        (await submitted([namespace, "w"], "False")).message ?? "",
        /default" cannot create resource "configmaps"/,
      );
      await client.patch(Role, { name: "stamp", namespace }, { type: "merge", body: { rules: [CONFIG_MAPS] } });
      await submitted([namespace, "w"], "True");
    });

    test("nothing outside of its own namespace, and nothing that is in none", async () => {
      const namespace = await newNamespace();
      await grant(namespace);
      const kinds = { apiVersion: `${RBAC}/v1`, kind: "ClusterRole", metadata: { name: "grab" }, rules: [] };
      await apply("ClusterTemplate", { name: "role" }, { template: kinds });
      const elsewhere = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: grab\n  namespace: kube-system\n";
      await apply("ClusterTemplate", { name: "elsewhere" }, { ytt: elsewhere });
      for (const name of ["role", "elsewhere"])
        await chain(name, [{ name: "only", templateRef: { kind: "ClusterTemplate", name } }]);
      await workload(namespace, "r", "role");
      await workload(namespace, "e", "elsewhere");
      assert.match(
        (await submitted([namespace, "r"], "False")).message ?? "",
        /"grab" is forbidden: .+ cannot patch resource "clusterroles" .+ at the cluster scope$/,
      );
      assert.match(
        (await submitted([namespace, "e"], "False")).message ?? "",
        /cannot set namespace in resource template/,
      );
      assert.equal(await client.get(ClusterRole, "grab"), undefined);
      assert.equal(await client.get(ConfigMap, "grab", "kube-system"), undefined);
    });

    test("the workload's account, else that of the chain, else default", async () => {
      const namespace = await newNamespace();
      const key: [string, string] = [namespace, "w"];
      await workload(namespace, "w", "config", { serviceAccountName: "builder" });
      const missing = await submitted(key, "False");
      assert.equal(missing.reason, "ServiceAccountError");
      assert.match(missing.message ?? "", /^failed to get service account \[team-\d+\/builder\]: .+ not found/);
      await grant(namespace, { name: "builder", namespace });
      await create(ServiceAccount, { metadata: { name: "builder", namespace } });
      await submitted(key, "True");

      const operators = await newNamespace();
      const serviceAccountRef = { name: "stamper", namespace: operators };
      await create(ServiceAccount, { metadata: serviceAccountRef });
      await chain("shared", [{ name: "only", templateRef: { kind: "ClusterTemplate", name: "config" } }], {
        serviceAccountRef,
      });
      const other = await newNamespace();
      await workload(other, "w", "shared");
      const who = new RegExp(`User "system:serviceaccount:${operators}:stamper" cannot patch`);
      assert.match((await submitted([other, "w"], "False")).message ?? "", who);
      await grant(other, serviceAccountRef);
      await submitted([other, "w"], "True");
    });

    test("what no step stamps any more goes, if it is the workload's own", async () => {
      const namespace = await newNamespace();
      const key: [string, string] = [namespace, "w"];
      await grant(namespace);
      await workload(namespace, "w", "config");
      await submitted(key, "True");
      await create(ConfigMap, { metadata: { name: "foreign", namespace } });
      const Workloads = await client.resourceFor(api, "Workload");
      const stampedRef = { apiVersion: "v1", kind: "ConfigMap", namespace, name: "foreign", resource: "configmaps" };
      const { status } = (await client.get(Workloads, "w", namespace)) as Unstructured & {
        status: { resources: object[] };
      };
      const forged = { status: { resources: [...status.resources, { name: "forged", stampedRef }] } };
      await client.patch(
        Workloads,
        { name: "w", namespace },
        { type: "merge", body: forged },
        { subresource: "status" },
      );
      await chain("none", [{ name: "other", templateRef: { kind: "ClusterTemplate", name: "other" } }]);
      await apply(
        "ClusterTemplate",
        { name: "other" },
        { template: configMap("$(workload.metadata.name)$-other", {}) },
      );
      await condition("ClusterSupplyChain", ["", "none"], "Ready", ({ status: ready }) => ready === "True");
      await workload(namespace, "w", "none");
      await eventually("the object to go", async () => !(await client.get(ConfigMap, "w", namespace)));
      await submitted(key, "True");
      assert.ok(await client.get(ConfigMap, "foreign", namespace));
    });

    test("a runnable runs, and selects, as its account", async () => {
      const namespace = await newNamespace();
      const key: [string, string] = [namespace, "r"];
      const told = (reason: string) =>
        condition("Runnable", key, "RunTemplateReady", (found) => found.reason === reason);
      await apply(
        "ClusterRunTemplate",
        { name: "run" },
        {
          template: {
            apiVersion: "v1",
            kind: "ConfigMap",
            metadata: { generateName: "run-" },
            data: { got: "$(selected.data.a)$" },
          },
        },
      );
      await create(ConfigMap, { metadata: { name: "chosen", namespace, labels: { chosen: "yes" } }, data: { a: "b" } });
      const selector = { resource: { apiVersion: "v1", kind: "ConfigMap" }, matchingLabels: { chosen: "yes" } };
      await apply(
        "Runnable",
        { name: "r", namespace },
        { runTemplateRef: { name: "run" }, serviceAccountName: "runner", selector },
      );
      await told("ServiceAccountError");
      await create(ServiceAccount, { metadata: { name: "runner", namespace } });
      const denied = await told("TemplateStampFailure");
      assert.match(denied.message ?? "", /:runner" cannot list resource "configmaps"/);
      await grant(namespace, { name: "runner", namespace });
      await told("Ready");
      const { items } = await client.list(ConfigMap, { namespace, labels: { "carto.run/runnable-name": "r" } });
      assert.deepEqual(
        items.map(({ data }) => data),
        [{ got: "b" }],
      );
    });
  });
