/** A labelled namespace on a real API server: what it is given, keeps, and loses with the label. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ClusterRole, LimitRange, Namespace, RoleBinding, Secret, ServiceAccount } from "#api/builtin/index.ts";
import type { ResourceRef } from "#api/meta.ts";
import { ObjectCache } from "#engine/controller/cache.ts";
import { type Running, runControllers } from "#engine/controller/run.ts";
import { type Draft, KubeClient } from "#ports/kube/client.ts";
import { type Cluster, startCluster } from "../../../test/compat/cluster.ts";
import { eventually } from "../../../test/harness/wait.ts";
import { developerRoles, namespaceControllers } from "./index.ts";

const LABEL = "apps.tanzu.vmware.com/tap-ns";
let cluster: Cluster;
let client: KubeClient;
let cache: ObjectCache;
let running: Running;

before(async () => {
  cluster = await startCluster();
  client = new KubeClient(cluster.inProcess);
  cache = new ObjectCache(client);
  await create(Namespace, { metadata: { name: "slipway-system" } });
  running = runControllers(cache, namespaceControllers());
});

after(async () => {
  await running?.close();
  cache?.close();
  await cluster?.[Symbol.asyncDispose]();
});

function create<O>(resource: ResourceRef<O>, object: object): Promise<O> {
  return client.create(resource, object as unknown as Draft<O>);
}

const base64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64");
const auth = (host: string) => ({ ".dockerconfigjson": base64({ auths: { [host]: { auth: "eA==" } } }) });

async function developerNamespace(name: string, annotations: object = {}): Promise<void> {
  await create(Namespace, { metadata: { name, labels: { [LABEL]: "" }, annotations } });
  await eventually("the namespace to be provisioned", async () =>
    (await account(name))?.secrets?.some((secret) => secret.name === "registries-credentials"),
  );
}

const account = (namespace: string) => client.get(ServiceAccount, "default", namespace);
const edit = <O>(resource: ResourceRef<O>, name: string, namespace: string | undefined, body: object) =>
  client.patch(resource, { name, ...(namespace && { namespace }) }, { type: "merge", body }, { fieldManager: "user" });
const unlabel = async (namespace: string): Promise<void> => {
  await edit(Namespace, namespace, undefined, { metadata: { labels: { [LABEL]: null } } });
  await eventually("the provisioning to be withdrawn", async () => {
    const { metadata } = (await client.get(Namespace, namespace)) ?? {};
    return !metadata?.annotations?.["slipway.dev/developer-namespace"];
  });
};
const registries = async (namespace: string): Promise<string[]> => {
  const { data = {} } = (await client.get(Secret, "registries-credentials", namespace)) ?? {};
  const config = JSON.parse(Buffer.from(data[".dockerconfigjson"] ?? "", "base64").toString()) as { auths: object };
  return Object.keys(config.auths);
};

test("a labelled namespace gets credentials, account and bindings, and loses them with the label", async () => {
  await developerNamespace("team");
  assert.deepEqual(await registries("team"), []);
  const { secrets, imagePullSecrets } = (await account("team")) ?? {};
  const credentials = [{ name: "registries-credentials" }];
  assert.deepEqual([secrets, imagePullSecrets], [credentials, credentials]);
  for (const role of ["workload", "deliverable"]) {
    const binding = await client.get(RoleBinding, `default-permit-${role}`, "team");
    assert.equal(binding?.roleRef.name, role);
    assert.deepEqual(binding?.subjects, [{ kind: "ServiceAccount", name: "default", namespace: "team" }]);
  }
  assert.equal(await client.get(LimitRange, "team-lr", "team"), undefined);

  await unlabel("team");
  assert.equal(await client.get(Secret, "registries-credentials", "team"), undefined);
  assert.equal(await client.get(RoleBinding, "default-permit-workload", "team"), undefined);
  const left = await account("team");
  assert.deepEqual([left?.secrets ?? [], left?.imagePullSecrets ?? []], [[], []]);
});

test("credentials follow the shared registry secrets", async () => {
  await developerNamespace("shared");
  const share = (name: string, host: string, labels: object) =>
    create(Secret, {
      metadata: { name, namespace: "slipway-system", labels },
      type: "kubernetes.io/dockerconfigjson",
      data: auth(host),
    });
  await share("one", "one.example", { "slipway.dev/share-with": "developer-namespaces" });
  await share("private", "private.example", {});
  await share("two", "two.example", { "slipway.dev/share-with": "developer-namespaces" });
  await eventually("both registries", async () => (await registries("shared")).length === 2);
  assert.deepEqual(await registries("shared"), ["one.example", "two.example"]);
});

test("parameters equip the account and make a LimitRange", async () => {
  await developerNamespace("limited", {
    "param.nsp.tap/supply_chain_service_account.secrets": '["git"]',
    "param.nsp.tap/limits.default.cpu": "1100m",
  });
  assert.deepEqual(
    (await account("limited"))?.secrets?.map(({ name }) => name),
    ["registries-credentials", "git"],
  );
  const range = await client.get(LimitRange, "limited-lr", "limited");
  assert.deepEqual(range?.spec?.limits[0]?.default, { cpu: "1100m" });
  await edit(Namespace, "limited", undefined, { metadata: { labels: { "param.nsp.tap/skip_limit_range": "true" } } });
  await eventually("the LimitRange to go", async () => !(await client.get(LimitRange, "limited-lr", "limited")));
});

test("what others made or changed is theirs", async () => {
  const mine = { type: "kubernetes.io/dockerconfigjson", data: auth("mine.example") };
  await create(Namespace, { metadata: { name: "own" } });
  await create(Secret, {
    metadata: { name: "registries-credentials", namespace: "own" },
    ...mine,
  });
  await eventually("the default account", () => account("own"));
  await edit(ServiceAccount, "default", "own", { imagePullSecrets: [{ name: "mine" }], secrets: [{ name: "mine" }] });
  await edit(Namespace, "own", undefined, { metadata: { labels: { [LABEL]: "" } } });
  await eventually("the binding", () => client.get(RoleBinding, "default-permit-workload", "own"));
  await eventually("the account", async () => (await account("own"))?.secrets?.length === 2);
  await running.settle();
  assert.deepEqual(await registries("own"), ["mine.example"]);
  assert.deepEqual((await account("own"))?.imagePullSecrets, [{ name: "mine" }]);

  await edit(RoleBinding, "default-permit-workload", "own", { metadata: { annotations: { note: "kept" } } });
  await unlabel("own");
  assert.ok(await client.get(RoleBinding, "default-permit-workload", "own"), "somebody has changed it");
  assert.equal(await client.get(RoleBinding, "default-permit-deliverable", "own"), undefined);
  assert.deepEqual(await registries("own"), ["mine.example"]);
  assert.deepEqual((await account("own"))?.secrets, [{ name: "mine" }]);
});

test("the account's role writes what is stamped, and takes in others by label", async () => {
  for (const role of developerRoles()) await create(ClusterRole, role);
  const labels = { "apps.tanzu.vmware.com/aggregate-to-workload": "true" };
  const rules = [{ apiGroups: ["example.com"], resources: ["things"], verbs: ["create"] }];
  await create(ClusterRole, { metadata: { name: "things", labels }, rules });
  const gathered = await eventually("the rules to be gathered", async () => {
    const role = await client.get(ClusterRole, "workload");
    return role?.rules?.some(({ resources }) => resources?.includes("things")) && role.rules;
  });
  const may = (resource: string, verb: string) =>
    gathered.some(({ resources, verbs }) => resources?.includes(resource) && verbs.includes(verb));
  assert.ok(may("images", "patch") && may("podintents", "create") && may("builds", "get"));
  for (const never of ["secrets", "roles", "rolebindings", "serviceaccounts", "pods"])
    assert.ok(!may(never, "get"), never);
});

test("people: editors hand in workloads in their namespace, viewers look, nobody deploys from the operators' one", async () => {
  await create(Namespace, { metadata: { name: "people" } });
  const roleRef = (name: string) => ({ apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name });
  for (const [role, user] of [
    ["app-editor", "eve"],
    ["app-viewer", "vic"],
    ["edit", "ed"],
  ] as const)
    await create(RoleBinding, {
      metadata: { name: user, namespace: "people" },
      roleRef: roleRef(role),
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: user }],
    });
  const mayUser = async (user: string, verb: string, resource: string, namespace = "people"): Promise<boolean> => {
    const [plural, ...group] = resource.split(".");
    const resourceAttributes = { verb, resource: plural, group: group.join("."), namespace };
    const reviews = await client.resourceFor("authorization.k8s.io/v1", "SubjectAccessReview");
    const answer: unknown = await create(reviews, { metadata: {}, spec: { user, resourceAttributes } });
    return (answer as { status?: { allowed: boolean } }).status?.allowed ?? false;
  };
  await eventually(
    "the roles",
    async () =>
      (await mayUser("eve", "create", "workloads.carto.run")) && mayUser("ed", "create", "workloads.carto.run"),
  );
  for (const user of ["eve", "vic", "ed"]) {
    assert.ok(await mayUser(user, "list", "images.kpack.io"), user);
    assert.ok(!(await mayUser(user, "create", "applications.argoproj.io")), user);
    assert.ok(!(await mayUser(user, "create", "applications.argoproj.io", "argocd")), user);
    assert.ok(!(await mayUser(user, "create", "workloads.carto.run", "argocd")), user);
  }
  assert.ok(!(await mayUser("vic", "create", "workloads.carto.run")));
});
