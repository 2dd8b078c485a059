/** As whom Applications are synced, and what projects permit. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { AppProject } from "#api/argoproj.io/app-project.ts";
import { Application } from "#api/argoproj.io/application.ts";
import { ClusterRoleBinding, ConfigMap, Namespace, Role, RoleBinding, ServiceAccount } from "#api/builtin/index.ts";
import { eventually } from "../harness/wait.ts";
import { startWorld, type World } from "./world.ts";

const RBAC = "rbac.authorization.k8s.io";
const SERVER = "https://kubernetes.default.svc";
type Status = NonNullable<Application["status"]>;
type Project = AppProject["spec"];

let world: World;

before(async () => {
  world = await startWorld();
  for (const name of ["team", "other"]) {
    await world.client.create(Namespace, { metadata: { name } } as never);
    await eventually("the account", () => world.client.get(ServiceAccount, "default", name));
  }
});
after(async () => {
  await world?.close();
});

const manifest = (kind: string, name: string, more: object = {}, apiVersion = "v1") =>
  JSON.stringify({ apiVersion, kind, metadata: { name }, ...more });
const configMap = (name: string, namespace?: string) =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, ...(namespace && { namespace }) },
    data: {},
  });
const clusterRoleBinding = (name: string) =>
  manifest(
    "ClusterRoleBinding",
    name,
    {
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: "cluster-admin" },
      subjects: [{ kind: "ServiceAccount", name: "default", namespace: "team" }],
    },
    `${RBAC}/v1`,
  );
const live = (name: string, namespace: string) => world.client.get(ConfigMap, name, namespace);

async function create(name: string, namespace: string, spec: Partial<Application["spec"]> = {}, metadata: object = {}) {
  await world.client.create(Application, {
    metadata: { name, namespace, ...metadata },
    spec: {
      project: "default",
      source: { repoURL: "http://slipway/git/config.git", targetRevision: "main", path: name },
      destination: { server: SERVER, namespace: namespace === "argocd" ? "dev" : namespace },
      syncPolicy: { automated: { prune: true, selfHeal: true } },
      ...spec,
    },
  } as never);
}
const until = (name: string, namespace: string, what: string, holds: (status: Status) => unknown) =>
  eventually(`${namespace}/${name}: ${what}`, async () => {
    const { status } = (await world.client.get(Application, name, namespace)) ?? {};
    return status && holds(status) ? status : undefined;
  });
const synced = (name: string, namespace: string) =>
  until(
    name,
    namespace,
    "synced",
    ({ sync, operationState }) => sync?.status === "Synced" && operationState?.phase === "Succeeded",
  );
const failed = (name: string, namespace: string, message: RegExp) =>
  until(name, namespace, `failed with ${message}`, ({ operationState }) => message.test(operationState?.message ?? ""));
const noticed = (name: string, namespace: string, message: RegExp) =>
  until(name, namespace, `a condition with ${message}`, ({ conditions = [] }) =>
    (conditions as { message?: string }[]).some((condition) => message.test(condition.message ?? "")),
  );
async function grant(namespace: string, account = { name: "default", namespace }, name = "deploy"): Promise<void> {
  const verbs = ["get", "create", "patch", "delete"];
  const metadata = { name, namespace };
  await world.client.apply(Role, { metadata, rules: [{ apiGroups: [""], resources: ["configmaps"], verbs }] } as never);
  const roleRef = { apiGroup: RBAC, kind: "Role", name };
  await world.client.apply(RoleBinding, { metadata, roleRef, subjects: [{ kind: "ServiceAccount", ...account }] });
}
const project = (name: string, spec: Project) =>
  world.client.apply(AppProject, { metadata: { name, namespace: "argocd" }, spec } as never);
const OPEN: Project = { sourceRepos: ["*"], destinations: [{ server: "*", namespace: "*" }] };

test("outside of the control namespace: as the namespace's account, refused until it is granted, and then at once", async () => {
  await world.push("mine", { "a.json": configMap("mine") });
  await create("mine", "team");
  await failed("mine", "team", /ConfigMap mine: .+ User "system:serviceaccount:team:default" cannot patch .+Retrying/);
  assert.equal(await live("mine", "team"), undefined);
  await grant("team");
  await synced("mine", "team");
  await world.push("mine", { "b.json": configMap("instead") });
  await eventually("the pruning", async () => !(await live("mine", "team")) && (await live("instead", "team")));
});

test("what its account may not have is refused by name, and what is there is not told", async () => {
  await world.client.create(ConfigMap, { metadata: { name: "hidden", namespace: "other" } });
  await world.push("greedy", { "a.json": clusterRoleBinding("grab"), "b.json": configMap("hidden", "other") });
  await create("greedy", "team");
  const { resources = [] } = await failed(
    "greedy",
    "team",
    /ClusterRoleBinding grab: clusterrolebindings\S+ "grab" is forbidden/,
  );
  assert.equal(await world.client.get(ClusterRoleBinding, "grab"), undefined);
  const seen = resources.map(({ name, status, health }) => `${name} ${status} ${health?.status}`);
  assert.deepEqual(seen, ["grab OutOfSync Missing", "hidden OutOfSync Missing"]);
});

test("the account is one of its own namespace, by annotation", async () => {
  await world.push("named", { "a.json": configMap("named") });
  await create("named", "team", {}, { annotations: { "slipway.dev/service-account": "deployer" } });
  await noticed("named", "team", /service account \[team\/deployer\]: .+not found.+slipway.dev\/service-account/);
  await grant("team", { name: "deployer", namespace: "team" }, "deployer");
  await world.client.create(ServiceAccount, { metadata: { name: "deployer", namespace: "team" } });
  await synced("named", "team");
});

test("another project is for the namespaces that it lists: these have the platform's rights within it", async () => {
  await world.push("listed", { "a.json": configMap("listed") });
  await project("listed", OPEN);
  await create("listed", "other", { project: "listed" });
  await noticed("listed", "other", /'listed' in namespace 'other' is not permitted to use project 'listed'/);
  await project("listed", { ...OPEN, sourceNamespaces: ["oth*"] });
  await synced("listed", "other");
});

test("a project's lists of kinds and destinations hold for every object", async () => {
  await project("narrow", {
    sourceRepos: ["*"],
    destinations: [{ server: SERVER, namespace: "d*" }],
    namespaceResourceBlacklist: [{ group: "", kind: "Secret" }],
  });
  const contents: [name: string, content: string, message: RegExp][] = [
    [
      "cluster-scoped",
      clusterRoleBinding("never"),
      /resource rbac\S+:ClusterRoleBinding is not permitted in project narrow/,
    ],
    ["elsewhere", configMap("never", "other"), /namespace other is not permitted in project 'narrow'/],
    ["denied-kind", manifest("Secret", "never"), /resource :Secret is not permitted in project narrow/],
  ];
  for (const [name, content, message] of contents) {
    await world.push(name, { "a.json": content, "b.json": configMap(`beside-${name}`) });
    await create(name, "argocd", { project: "narrow" });
    const { resources = [] } = await failed(name, "argocd", message);
    assert.ok(
      resources.some(({ status }) => status === "Unknown"),
      name,
    );
    assert.equal(await live(`beside-${name}`, "dev"), undefined, "nothing of it is applied");
  }
  await world.push("within", { "a.json": configMap("within") });
  await create("within", "argocd", { project: "narrow" });
  await synced("within", "argocd");
});

test("a namespace is created with the rights of the application, too", async () => {
  await world.push("homeless", { "a.json": configMap("homeless") });
  const syncPolicy = { automated: {}, syncOptions: ["CreateNamespace=true"] };
  await create("homeless", "team", { destination: { server: SERVER, namespace: "fresh" }, syncPolicy });
  await failed("homeless", "team", /namespace fresh cannot be made: .+ "system:serviceaccount:team:default" cannot/);
  assert.equal(await world.client.get(Namespace, "fresh"), undefined);
});

test("a project that names accounts for destinations has them used", async () => {
  await project("impersonating", {
    ...OPEN,
    destinationServiceAccounts: [
      { server: SERVER, namespace: "dev", defaultServiceAccount: "other:deployer" },
      { server: SERVER, namespace: "oth*", defaultServiceAccount: "deployer" },
    ],
  });
  await world.push("designated", { "a.json": configMap("designated") });
  await world.client.create(ServiceAccount, { metadata: { name: "deployer", namespace: "other" } });
  await create("designated", "argocd", { project: "impersonating" });
  await failed("designated", "argocd", /User "system:serviceaccount:other:deployer" cannot patch/);
  await grant("dev", { name: "deployer", namespace: "other" }, "designated");
  await synced("designated", "argocd");
  await create("nobody", "argocd", { project: "impersonating", destination: { server: SERVER, namespace: "team" } });
  await noticed("nobody", "argocd", /no matching service account found for destination server \S+ and namespace team/);
});

test("deleting takes along what is in its namespace, even when the account has lost its rights, and nothing else", async () => {
  const finalizers = ["resources-finalizer.argocd.argoproj.io"];
  await world.client.create(ServiceAccount, { metadata: { name: "leaving", namespace: "team" } });
  await grant("team", { name: "leaving", namespace: "team" }, "leaving");
  await grant("other", { name: "leaving", namespace: "team" }, "leaving");
  await world.push("leaving", { "a.json": configMap("leaving"), "b.json": configMap("abroad", "other") });
  await create("leaving", "team", {}, { finalizers, annotations: { "slipway.dev/service-account": "leaving" } });
  await synced("leaving", "team");
  await world.client.delete(RoleBinding, { name: "leaving", namespace: "team" });
  await world.client.delete(ServiceAccount, { name: "leaving", namespace: "team" });
  await world.client.delete(Application, { name: "leaving", namespace: "team" });
  await eventually("the application to go", async () => !(await world.client.get(Application, "leaving", "team")));
  assert.equal(await live("leaving", "team"), undefined);
  assert.ok(await live("abroad", "other"));
});

test("nothing was logged", () => {
  assert.deepEqual(world.warnings, []);
});
