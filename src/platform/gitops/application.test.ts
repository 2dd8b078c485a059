import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Application } from "#api/argoproj.io/application.ts";
import { ConfigMap, Deployment, ReplicaSet } from "#api/builtin/index.ts";
import { startWorld, type World } from "../../../test/gitops/world.ts";
import { allowStamping } from "../../../test/harness/grants.ts";

let world: World;

before(async () => {
  world = await startWorld();
});

after(async () => {
  await world?.close();
  assert.deepEqual(world?.warnings, []);
});

function push(directory: string, files: Record<string, string>): Promise<string> {
  return world.push(directory, files);
}

function configMap(name: string, value: string, more = ""): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n${more}data:\n  value: "${value}"\n`;
}

type Spec = Application["spec"];

async function create(name: string, spec: Partial<Spec> = {}, metadata: object = {}): Promise<void> {
  await world.client.create(Application, {
    metadata: { name, namespace: "argocd", ...metadata },
    spec: {
      project: "default",
      source: { repoURL: "http://slipway/git/config.git", targetRevision: "main", path: name },
      destination: { server: "https://kubernetes.default.svc", namespace: "dev" },
      syncPolicy: { automated: { prune: true, selfHeal: true } },
      ...spec,
    },
  } as never);
}

/** Waits until the condition holds of what `read` gives. Fails after a while, with the last value. */
async function eventually<T>(read: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const value = await read();
    if (holds(value)) return value;
    if (Date.now() > deadline) assert.fail(`did not come about: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function app(name: string): Promise<NonNullable<Application["status"]>> {
  return (await world.client.get(Application, name, "argocd"))?.status ?? {};
}

function until(name: string, holds: (status: NonNullable<Application["status"]>) => boolean) {
  return eventually(() => app(name), holds);
}

function live(name: string, namespace = "dev") {
  return world.client.get(ConfigMap, name, namespace);
}

test("a directory is synced, followed, healed and pruned", async () => {
  const first = await push("web", { "a.yaml": configMap("a", "1"), "b.yml": configMap("b", "1"), "notes.txt": "x" });
  await create("web");
  const status = await until(
    "web",
    ({ sync, operationState }) => sync?.status === "Synced" && operationState?.phase === "Succeeded",
  );
  assert.deepEqual([status.sync?.revision, status.health?.status, status.sourceType], [first, "Healthy", "Directory"]);
  assert.deepEqual(status.resources, [
    { version: "v1", kind: "ConfigMap", namespace: "dev", name: "a", status: "Synced" },
    { version: "v1", kind: "ConfigMap", namespace: "dev", name: "b", status: "Synced" },
  ]);
  assert.deepEqual(
    status.history?.map(({ id, revision }) => [id, revision]),
    [[0, first]],
  );
  assert.equal((await live("a"))?.metadata.annotations?.["argocd.argoproj.io/tracking-id"], "web:/ConfigMap:dev/a");

  const second = await push("web", { "a.yaml": configMap("a", "2") });
  await until("web", ({ sync, history }) => sync?.revision === second && history?.length === 2);
  assert.deepEqual([(await live("a"))?.data, await live("b")], [{ value: "2" }, undefined]);

  await world.client.patch(
    ConfigMap,
    { name: "a", namespace: "dev" },
    { type: "merge", body: { data: { value: "drift" } } },
  );
  await eventually(
    () => live("a"),
    (map) => map?.data?.value === "2",
  );
  await world.client.delete(ConfigMap, { name: "a", namespace: "dev" });
  await eventually(
    () => live("a"),
    (map) => map?.data?.value === "2",
  );
  const healed = await until("web", ({ sync }) => sync?.status === "Synced");
  assert.equal(healed.history?.length, 2, "healing is no deployment");
});

test("an image is synced, and followed when its tag is pushed again", async () => {
  const first = await world.pushImage("team/image", { "a.yml": configMap("from-image", "1") });
  const source = { repoURL: "oci://registry.slipway:1/team/image", targetRevision: "live", path: "config" };
  await create("image", { source });
  await until("image", ({ sync }) => sync?.status === "Synced" && sync.revision === first);
  assert.deepEqual((await live("from-image"))?.data, { value: "1" });
  const second = await world.pushImage("team/image", { "b.yml": configMap("from-image-too", "2") });
  const { history } = await until("image", ({ sync, history }) => sync?.revision === second && history?.length === 2);
  assert.deepEqual([history?.[1]?.revision, await live("from-image")], [second, undefined]);
  await create("pinned", { source: { ...source, targetRevision: first } });
  await until("pinned", ({ sync }) => sync?.status === "Synced" && sync.revision === first);
  await create("absent", { source: { ...source, targetRevision: "none" } });
  const { conditions } = await until("absent", (status) => Boolean(status.conditions?.length));
  assert.match(conditions?.[0]?.message ?? "", /team\/image:none: it is not in the registry: push it first/);
});

test("a push to another directory leaves an application alone", async () => {
  const commit = await push("alone", { "a.yaml": configMap("alone", "1") });
  await create("alone");
  const { reconciledAt, sync } = await until("alone", ({ operationState }) => operationState?.phase === "Succeeded");
  await push("elsewhere", { "a.yaml": configMap("x", "1") });
  await world.running.settle();
  assert.deepEqual([(await app("alone")).reconciledAt, (await app("alone")).sync], [reconciledAt, sync]);
  assert.equal(sync?.revision, commit);
});

test("without automation it is OutOfSync until somebody asks", async () => {
  await push("manual", { "a.yaml": configMap("manual", "1") });
  await create("manual", { syncPolicy: {} });
  const before = await until("manual", ({ sync }) => sync?.status === "OutOfSync");
  assert.deepEqual([before.health?.status, await live("manual")], ["Missing", undefined]);
  const operation = { initiatedBy: { username: "me" }, sync: { prune: true } };
  await world.client.patch(
    Application,
    { name: "manual", namespace: "argocd" },
    { type: "merge", body: { operation } },
  );
  const after = await until("manual", ({ operationState }) => operationState?.phase === "Succeeded");
  assert.equal(after.operationState?.operation.initiatedBy?.username, "me");
  assert.ok(await live("manual"));
  assert.equal((await world.client.get(Application, "manual", "argocd"))?.operation, undefined);

  const old = (await app("manual")).sync?.revision;
  await push("manual", { "a.yaml": configMap("manual", "2") });
  await until("manual", ({ sync }) => sync?.status === "OutOfSync");
  const rollback = { sync: { revision: old } };
  await world.client.patch(
    Application,
    { name: "manual", namespace: "argocd" },
    { type: "merge", body: { operation: rollback } },
  );
  await until("manual", ({ history }) => history?.length === 2);
  assert.equal((await live("manual"))?.data?.value, "1");
});

test("broken input is one line in the conditions, and over when it is mended", async () => {
  await create("broken");
  const line = (status: NonNullable<Application["status"]>): string =>
    (status.conditions as { type: string; message: string }[] | undefined)
      ?.map(({ type, message }) => `${type}: ${message}`)
      .join() ?? "";
  await until("broken", (status) => /^ComparisonError: .*broken: app path does not exist in http/.test(line(status)));
  await push("broken", { "a.yaml": "kind: [" });
  const status = await until("broken", (status) => /^ComparisonError: .*a\.yaml:1:/.test(line(status)));
  assert.equal(status.sync?.status, "Unknown");
  await push("broken", { "a.yaml": "apiVersion: v1\nkind: Nonsense\nmetadata: {name: x}\n" });
  await until("broken", ({ operationState }) => /no matches for kind "Nonsense"/.test(operationState?.message ?? ""));
  await push("broken", { "a.yaml": configMap("mended", "1") });
  await until("broken", (status) => status.sync?.status === "Synced" && line(status) === "");

  await create("nowhere", { destination: { server: "https://other", namespace: "dev" } });
  await until("nowhere", (status) =>
    /^InvalidSpecError: there are no clusters with this API server/.test(line(status)),
  );
  await create("stranger", { project: "nope" });
  await until("stranger", (status) => /^InvalidSpecError: .*project nope which does not exist/.test(line(status)));
});

test("it does not empty a namespace by mistake", async () => {
  await push("empty", { "a.yaml": configMap("kept", "1") });
  await create("empty");
  await until("empty", ({ operationState }) => operationState?.phase === "Succeeded");
  await push("empty", { "README.md": "nothing here" });
  await until("empty", ({ conditions }) => /wipe out all resources/.test(conditions?.[0]?.message ?? ""));
  assert.ok(await live("kept"));
  const spec = { syncPolicy: { automated: { allowEmpty: true } } };
  await world.client.patch(Application, { name: "empty", namespace: "argocd" }, { type: "merge", body: { spec } });
  await eventually(
    () => live("kept"),
    (map) => map === undefined,
  );
});

test("waves wait for health, and children show in the tree", async () => {
  const deployment = [
    "apiVersion: apps/v1",
    "kind: Deployment",
    "metadata: {name: api}",
    "spec:",
    "  replicas: 1",
    "  selector: {matchLabels: {app: api}}",
    "  template:",
    "    metadata: {labels: {app: api}}",
    "    spec: {containers: [{name: main, image: 'registry/api:1'}]}",
  ].join("\n");
  const later = configMap("later", "1", '  annotations: {argocd.argoproj.io/sync-wave: "1"}\n');
  await push("waves", { "a.yaml": deployment, "b.yaml": later });
  await create("waves", {
    destination: { name: "in-cluster", namespace: "made" },
    syncPolicy: { automated: {}, syncOptions: ["CreateNamespace=true"] },
  });
  const status = await until("waves", ({ operationState }) =>
    /waiting for healthy state of apps\/Deployment\/api/.test(operationState?.message ?? ""),
  );
  assert.deepEqual(
    [status.operationState?.phase, status.health?.status, status.summary?.images],
    ["Running", "Progressing", ["registry/api:1"]],
  );
  assert.equal(await live("later", "made"), undefined);

  const made = await world.client.get(Deployment, "api", "made");
  const owner = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    name: "api",
    uid: made?.metadata.uid ?? "",
    controller: true,
  };
  await world.client.create(ReplicaSet, {
    metadata: { name: "api-1", namespace: "made", ownerReferences: [owner] },
    spec: { selector: { matchLabels: { app: "api" } }, template: made?.spec?.template },
  } as never);
  const counts = { replicas: 1, updatedReplicas: 1, availableReplicas: 1, readyReplicas: 1 };
  const body = { status: { observedGeneration: made?.metadata.generation, ...counts } };
  await world.client.patch(
    Deployment,
    { name: "api", namespace: "made" },
    { type: "merge", body },
    { subresource: "status" },
  );
  const done = await until(
    "waves",
    ({ operationState, tree }) => operationState?.phase === "Succeeded" && tree?.length === 3,
  );
  assert.ok(await live("later", "made"));
  const set = done.tree?.find(({ kind }) => kind === "ReplicaSet");
  assert.deepEqual([set?.name, set?.parentUid], ["api-1", made?.metadata.uid]);
});

test("a custom resource may come together with its definition", async () => {
  const definition = [
    "apiVersion: apiextensions.k8s.io/v1",
    "kind: CustomResourceDefinition",
    "metadata: {name: things.test.dev}",
    "spec:",
    "  group: test.dev",
    "  scope: Namespaced",
    "  names: {plural: things, singular: thing, kind: Thing, listKind: ThingList}",
    "  versions:",
    "  - name: v1",
    "    served: true",
    "    storage: true",
    "    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}",
  ].join("\n");
  await push("custom", {
    "a.yaml": "apiVersion: test.dev/v1\nkind: Thing\nmetadata: {name: one}\n",
    "z.yaml": definition,
  });
  await create("custom");
  await until(
    "custom",
    ({ sync, operationState }) => operationState?.phase === "Succeeded" && sync?.status === "Synced",
  );
});

test("deleting with the finalizer takes everything along, without it nothing", async () => {
  const finalizers = ["resources-finalizer.argocd.argoproj.io"];
  for (const name of ["cascade", "leave"]) {
    await push(name, { "a.yaml": configMap(`${name}-1`, "1"), "b.yaml": configMap(`${name}-2`, "1") });
    await create(name, {}, name === "cascade" ? { finalizers } : {});
    await until(name, ({ operationState }) => operationState?.phase === "Succeeded");
    await world.client.delete(Application, { name, namespace: "argocd" });
    await eventually(
      () => world.client.get(Application, name, "argocd"),
      (app) => app === undefined,
    );
  }
  assert.deepEqual([await live("cascade-1"), await live("cascade-2")], [undefined, undefined]);
  assert.ok((await live("leave-1")) && (await live("leave-2")));
});

test("an application of applications, each in its own namespace", async () => {
  const child = JSON.stringify({
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Application",
    metadata: { name: "child", namespace: "dev" },
    spec: {
      project: "default",
      source: { repoURL: "http://slipway/git/config.git", path: "child" },
      destination: { server: "https://kubernetes.default.svc", namespace: "dev" },
      syncPolicy: { automated: {} },
    },
  });
  await push("child", {
    "a.json": JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "grandchild" } }),
  });
  await push("parent", { "child.json": child });
  await allowStamping(world.client, "dev");
  await create("parent");
  const map = await eventually(
    () => live("grandchild"),
    (map) => map !== undefined,
  );
  assert.equal(map?.metadata.annotations?.["argocd.argoproj.io/tracking-id"], "dev_child:/ConfigMap:dev/grandchild");
  const status = await until("parent", ({ health, sync }) => health?.status === "Healthy" && sync?.status === "Synced");
  assert.equal(status.resources?.[0]?.health?.status, "Healthy");
});

test("the refresh annotation is taken off when it is done", async () => {
  const annotations = { "argocd.argoproj.io/refresh": "normal" };
  await world.client.patch(
    Application,
    { name: "web", namespace: "argocd" },
    { type: "merge", body: { metadata: { annotations } } },
  );
  await eventually(
    () => world.client.get(Application, "web", "argocd"),
    (found) => found?.metadata.annotations?.["argocd.argoproj.io/refresh"] === undefined,
  );
});

test("a repository elsewhere is asked again when a refresh is asked for", async () => {
  await push("remote", { "a.yaml": configMap("remote", "1") });
  await create("remote", { source: { repoURL: world.url, targetRevision: "HEAD", path: "remote" } });
  await until("remote", ({ operationState }) => operationState?.phase === "Succeeded");
  const commit = await push("remote", { "a.yaml": configMap("remote", "2") });
  const annotations = { "argocd.argoproj.io/refresh": "hard" };
  const target = { name: "remote", namespace: "argocd" };
  await world.client.patch(Application, target, { type: "merge", body: { metadata: { annotations } } });
  await until("remote", ({ sync }) => sync?.status === "Synced" && sync.revision === commit);
  assert.equal((await live("remote"))?.data?.value, "2");
});

test("a restart runs nothing twice", async () => {
  const applications = await world.client.list(Application);
  for (const { metadata } of applications.items) {
    const body = { metadata: { annotations: { "argocd.argoproj.io/refresh": "normal" } } };
    await world.client.patch(Application, metadata, { type: "merge", body });
  }
  await eventually(
    () => world.client.list(Application),
    ({ items }) => items.every(({ metadata }) => !metadata.annotations?.["argocd.argoproj.io/refresh"]),
  );
  const writes = await world.restart();
  assert.ok(
    writes.some((write) => write.startsWith("dry ")),
    "it compared",
  );
  assert.deepEqual(
    writes.filter((write) => !write.startsWith("dry ")),
    [],
  );
});
