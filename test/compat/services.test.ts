// Addresses and ports of Services, and the fields of built-in kinds that keep their value.
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Deployment, EndpointSlice, Endpoints, Job, Pod, Service, StatefulSet } from "#api/builtin/index.ts";
import { startApiServer } from "#engine/apiserver/start.ts";
import { StatusError } from "#kit/status.ts";
import { KubeClient } from "#ports/kube/client.ts";
import { restoreStore } from "#ports/store/restore.ts";
import { sqliteStore } from "#ports/store/sqlite.ts";
import { type Cluster, startCluster } from "./cluster.ts";

let cluster: Cluster;
let admin: KubeClient;
before(async () => {
  cluster = await startCluster();
  admin = new KubeClient(cluster.inProcess);
});
after(() => cluster[Symbol.asyncDispose]());

const at = (name: string) => ({ name, namespace: "default" });
const ports = [{ port: 80 }];
const service = (name: string, spec: object) => admin.create(Service, { metadata: at(name), spec: { ports, ...spec } });
const change = (name: string, spec: object) => admin.patch(Service, at(name), { type: "merge", body: { spec } });
const refused =
  (message: RegExp, code = 422) =>
  (error: unknown): boolean => {
    ok(error instanceof StatusError);
    match(error.message, message);
    equal(error.code, code);
    return true;
  };

test("gives every service an address of its own, and takes it back", async () => {
  const first = await service("first", {});
  const second = await service("second", {});
  match(first.spec?.clusterIP ?? "", /^10\.96\.\d+\.\d+$/);
  deepEqual(first.spec?.clusterIPs, [first.spec?.clusterIP]);
  ok(first.spec?.clusterIP !== second.spec?.clusterIP);
  await rejects(service("third", { clusterIP: first.spec?.clusterIP }), refused(/provided IP is already allocated/));
  await rejects(service("third", { clusterIP: "10.5.0.1" }), refused(/does not match the current range/));
  await rejects(
    change("first", { clusterIP: "10.96.9.9" }),
    refused(/spec.clusterIPs\[0\]: .*may not change once set/),
  );
  equal((await change("first", { clusterIP: null })).spec?.clusterIP, first.spec?.clusterIP);
  await admin.delete(Service, at("first"));
  equal((await service("third", { clusterIP: first.spec?.clusterIP })).spec?.clusterIP, first.spec?.clusterIP);
});

test("a refused or rehearsed write takes no address", async () => {
  const asked = { clusterIP: "10.96.7.7" };
  await admin.create(Service, { metadata: at("dry"), spec: { ports, ...asked } }, { dryRun: true });
  await rejects(service("bad", { ...asked, ports: [{ port: 0 }] }), refused(/must be between 1 and 65535/));
  equal((await service("real", asked)).spec?.clusterIP, "10.96.7.7");
});

test("headless and external services have no address", async () => {
  equal((await service("headless", { clusterIP: "None" })).spec?.clusterIP, "None");
  equal((await service("external", { type: "ExternalName", externalName: "a.b" })).spec?.clusterIP, undefined);
  match((await change("external", { type: "ClusterIP", externalName: null })).spec?.clusterIP ?? "", /^10\.96\./);
  equal((await change("external", { type: "ExternalName", externalName: "a.b" })).spec?.clusterIP, undefined);
});

test("node ports are given, kept and dropped with the type", async () => {
  const given = await service("ported", {
    type: "NodePort",
    ports: [
      { name: "a", port: 80 },
      { name: "b", port: 81 },
    ],
  });
  const [a, b] = (given.spec?.ports ?? []).map(({ nodePort = 0 }) => nodePort);
  ok(a && b && a >= 30_000 && b <= 32_767 && a !== b);
  const changed = await change("ported", { ports: [{ name: "b", port: 81 }] });
  deepEqual(
    changed.spec?.ports?.map(({ nodePort }) => nodePort),
    [b],
  );
  await service("takes", { type: "NodePort", ports: [{ port: 80, nodePort: a }] });
  await rejects(
    service("late", { type: "NodePort", ports: [{ port: 80, nodePort: a }] }),
    refused(/spec.ports\[0\].nodePort: Invalid value: \d+: provided port is already allocated/),
  );
  await rejects(
    service("far", { type: "NodePort", ports: [{ port: 80, nodePort: 80 }] }),
    refused(/range of valid ports is 30000-32767/),
  );
  equal((await change("ported", { type: "ClusterIP" })).spec?.ports?.[0]?.nodePort, undefined);
});

test("the server itself is a service, and addresses survive a restart from a backup", async () => {
  const own = await admin.get(Service, "kubernetes", "default");
  deepEqual([own?.spec?.clusterIP, own?.spec?.ports?.[0]?.port], ["10.96.0.1", 443]);
  const port = Number(new URL(cluster.server.url).port);
  equal((await admin.get(Endpoints, "kubernetes", "default"))?.subsets?.[0]?.ports?.[0]?.port, port);
  deepEqual((await admin.get(EndpointSlice, "kubernetes", "default"))?.endpoints?.[0]?.addresses, ["127.0.0.1"]);
  const options = { dataDir: join(cluster.folder, "other"), port: 0 };
  const file = join(cluster.folder, "other.db");
  const before = await startApiServer({ ...options, store: sqliteStore(file) });
  const { spec } = await new KubeClient(before.transport()).create(Service, { metadata: at("kept"), spec: { ports } });
  const copy = join(cluster.folder, "copy.db");
  await writeFile(copy, await before.transport().stream({ method: "GET", path: "/backup" }));
  await before.close();
  const { objects } = restoreStore(copy, file);
  ok(objects > 3);
  const again = await startApiServer({ ...options, store: sqliteStore(file) });
  const client = new KubeClient(again.transport());
  const body = { ports, clusterIP: spec?.clusterIP ?? "" };
  await rejects(client.create(Service, { metadata: at("other"), spec: body }), refused(/already allocated/));
  await again.close();
});

const template = (labels: object) => ({
  metadata: { labels },
  spec: { containers: [{ name: "c", image: "i" }] },
});
const selecting = (app: string) => ({ selector: { matchLabels: { app } }, template: template({ app }) as never });

test("selectors of workloads keep their value and match the template", async () => {
  await admin.create(Deployment, { metadata: at("d"), spec: selecting("a") });
  await rejects(
    admin.patch(Deployment, at("d"), { type: "merge", body: { spec: selecting("b") } }),
    refused(/spec.selector: Invalid value: .*: field is immutable/),
  );
  await rejects(
    admin.create(Deployment, {
      metadata: at("e"),
      spec: { ...selecting("a"), selector: { matchLabels: { app: "x" } } },
    }),
    refused(/`selector` does not match template `labels`/),
  );
  await admin.create(StatefulSet, { metadata: at("s"), spec: { serviceName: "s", ...selecting("a") } as never });
  await rejects(
    admin.patch(StatefulSet, at("s"), { type: "merge", body: { spec: { serviceName: "t" } } }),
    refused(/spec: Forbidden: updates to statefulset spec for fields other than/),
  );
});

test("jobs and pods stay what they were created as", async () => {
  const pod = { containers: [{ name: "c", image: "i" }], restartPolicy: "Never" };
  await admin.create(Job, { metadata: at("j"), spec: { template: { spec: pod } } as never });
  await rejects(
    admin.patch(Job, at("j"), { type: "merge", body: { spec: { completions: 5 } } }),
    refused(/spec.completions: Invalid value: 5: field is immutable/),
  );
  await admin.create(Pod, { metadata: at("p"), spec: pod });
  await rejects(
    admin.patch(Pod, at("p"), { type: "merge", body: { spec: { restartPolicy: "Always" } } }),
    refused(/spec: Forbidden: pod updates may not change fields other than/),
  );
  const image = { containers: [{ name: "c", image: "j" }] };
  const changed = await admin.patch(Pod, at("p"), { type: "strategic", body: { spec: image } });
  equal(changed.spec?.containers[0]?.image, "j");
});
