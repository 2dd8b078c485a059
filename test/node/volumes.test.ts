import assert from "node:assert/strict";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { ConfigMap, Secret, ServiceAccount } from "#api/builtin/index.ts";
import type { KubeClient } from "#ports/kube/client.ts";
import { detectMemoryVolumes } from "#ports/sandbox/memory-volumes.ts";
import { eventually } from "../compat/cluster.ts";
import { isReady, NAMESPACE, startWorld, stateOf, type World } from "./world.ts";

const ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

/** Where on the host a path of the pod's container is. */
function hostPath(world: World, pod: string, target: string): string {
  const mount = world.container(pod).spec.mounts.find((candidate) => candidate.target === target);
  assert.ok(mount, `nothing is mounted at ${target}`);
  return mount.source;
}

async function reads(path: string, text: string): Promise<true> {
  return await eventually(async () => (await readFile(path, "utf8").catch(() => "")) === text);
}

async function put(client: KubeClient, name: string, data: Record<string, string>): Promise<void> {
  await client.apply(ConfigMap, { metadata: { name, namespace: NAMESPACE }, data });
}

test("a pod finds token, authority and namespace where client libraries look", async () => {
  await using world = await startWorld();
  await world.create("client");
  const pod = await world.seen("client", isReady);
  const folder = hostPath(world, "client", ACCOUNT);
  const claims = await world.cluster.server.authenticateToken(await readFile(join(folder, "token"), "utf8"));
  assert.equal(claims?.username, "system:serviceaccount:default:default");
  assert.ok(pod.metadata.uid);
  assert.equal(await readFile(join(folder, "namespace"), "utf8"), NAMESPACE);
  assert.match(await readFile(join(folder, "ca.crt"), "utf8"), /BEGIN CERTIFICATE/);
  const [volume] = pod.spec.volumes ?? [];
  assert.match(volume?.name ?? "", /^kube-api-access-[a-z0-9]{5}$/);
});

test("no token where the pod or its account wants none, and none over a mount of its own", async () => {
  await using world = await startWorld();
  const metadata = { name: "silent", namespace: NAMESPACE };
  await world.client.create(ServiceAccount, { metadata, automountServiceAccountToken: false });
  const own = [{ name: "own", mountPath: ACCOUNT }];
  const pods = [
    await world.create("off", {}, { automountServiceAccountToken: false }),
    await world.create("account", {}, { serviceAccountName: "silent" }),
    await world.create("own", { volumeMounts: own }, { volumes: [{ name: "own", emptyDir: {} }] }),
  ];
  assert.deepEqual(
    pods.map(({ spec }) => spec.volumes?.map(({ name }) => name)),
    [undefined, undefined, ["own"]],
  );
  const wanted = await world.create("wanted", {}, { serviceAccountName: "silent", automountServiceAccountToken: true });
  assert.equal(wanted.spec.volumes?.length, 1);
});

test("a pod waits for a config map that is missing, says so, and shows every later version of it", async () => {
  await using world = await startWorld();
  await world.create(
    "late",
    {
      volumeMounts: [
        { name: "conf", mountPath: "/conf" },
        { name: "conf", mountPath: "/one", subPath: "key" },
      ],
    },
    { volumes: [{ name: "conf", configMap: { name: "conf" } }] },
  );
  const waiting = await world.seen("late", (pod) => pod?.status?.startTime !== undefined);
  assert.equal(stateOf(waiting)?.state?.waiting?.reason, "ContainerCreating");
  const [message] = await eventually(async () => {
    const messages = await world.messages("late", "FailedMount");
    return messages.length > 0 && messages;
  });
  assert.equal(message, 'MountVolume.SetUp failed for volume "conf" : configmap "conf" not found');
  await put(world.client, "conf", { key: "1" });
  const ready = await world.seen("late", isReady);
  assert.equal(stateOf(ready)?.restartCount, 0);
  const folder = hostPath(world, "late", "/conf");
  const file = hostPath(world, "late", "/one");
  assert.equal(await readFile(join(folder, "key"), "utf8"), "1");
  await put(world.client, "conf", { key: "2", more: "m" });
  await reads(join(folder, "key"), "2");
  await reads(join(folder, "more"), "m");
  // A single file stays what it was: its version is gone from the volume.
  await eventually(async () => !(await stat(file).catch(() => undefined)));
});

test("labels of the pod change in its downward volume", async () => {
  await using world = await startWorld();
  const items = [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" } }];
  const mount = { volumeMounts: [{ name: "pod", mountPath: "/pod" }] };
  const { metadata } = await world.create("labelled", mount, { volumes: [{ name: "pod", downwardAPI: { items } }] });
  await world.seen("labelled", isReady);
  const path = join(hostPath(world, "labelled", "/pod"), "labels");
  await world.client.patch(world.pods, metadata, { type: "merge", body: { metadata: { labels: { tier: "front" } } } });
  await reads(path, 'tier="front"');
});

const memory = await detectMemoryVolumes();
const skip = memory ? false : "this user may not mount";

test("secrets and volumes of medium Memory are in memory, within their bounds, and go with the pod", {
  skip,
}, async () => {
  await using world = await startWorld({ memory });
  const metadata = { name: "cred", namespace: NAMESPACE };
  await world.client.create(Secret, { metadata, data: { p: "czNj" } });
  await world.create(
    "private",
    {
      volumeMounts: [
        { name: "cred", mountPath: "/cred" },
        { name: "fast", mountPath: "/fast" },
      ],
    },
    {
      volumes: [
        { name: "cred", secret: { secretName: "cred" } },
        { name: "fast", emptyDir: { medium: "Memory", sizeLimit: "1Mi" } },
      ],
    },
  );
  await world.seen("private", isReady);
  const mounts = async (): Promise<string> => await readFile("/proc/self/mountinfo", "utf8");
  const [cred, fast] = [hostPath(world, "private", "/cred"), hostPath(world, "private", "/fast")];
  assert.notEqual((await stat(cred)).dev, (await stat(world.directory)).dev);
  assert.match((await mounts()).split("\n").find((line) => line.includes(` ${fast} `)) ?? "", /size=1024k/);
  assert.equal((await stat(fast)).mode & 0o777, 0o777);
  const gone = world.seen("private", (pod) => pod === undefined);
  await world.client.delete(world.pods, { name: "private", namespace: NAMESPACE }, { gracePeriodSeconds: 1 });
  await gone;
  await eventually(async () => !(await mounts()).includes(fast));
  await eventually(async () => !(await stat(cred).catch(() => undefined)));
});
