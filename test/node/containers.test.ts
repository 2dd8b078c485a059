import assert from "node:assert/strict";
import { test } from "node:test";
import { Event, Secret } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { ImageError } from "#ports/oci/image.ts";
import { eventually } from "../compat/cluster.ts";
import { isReady, NAMESPACE, startWorld, stateOf, type World } from "./world.ts";

async function eventsOf(world: World, pod: string, atLeast: number): Promise<k8s.Event[]> {
  return await eventually(async () => {
    const { items } = await world.client.list(Event, { namespace: NAMESPACE });
    const ours = items.filter(({ involvedObject }) => involvedObject.name === pod);
    return ours.length >= atLeast && ours;
  });
}

async function remove(world: World, name: string, gracePeriodSeconds = 5): Promise<void> {
  const gone = world.seen(name, (pod) => pod === undefined);
  await world.client.delete(world.pods, { name, namespace: NAMESPACE }, { gracePeriodSeconds });
  await gone;
}

test("everything that happens to a pod is told, with the container that it happens to", async () => {
  await using world = await startWorld();
  await world.create("told", { imagePullPolicy: "Always" });
  await world.seen("told", isReady);
  await remove(world, "told");
  const events = await eventsOf(world, "told", 6);
  const told = events.map(({ reason, message = "" }) => `${reason}: ${message.replace(/\d+(\.\d+)?m?s/g, "1ms")}`);
  assert.deepEqual(told.toSorted(), [
    "Created: Created container: c",
    "Killing: Stopping container c",
    'Pulled: Successfully pulled image "app:1" in 1ms (1ms including waiting). Image size: 0 bytes.',
    'Pulling: Pulling image "app:1"',
    "Scheduled: Successfully assigned default/told to node-1",
    "Started: Started container c",
  ]);
  const started = events.find(({ reason }) => reason === "Started");
  assert.deepEqual(
    [started?.involvedObject.fieldPath, started?.source?.component, started?.source?.host],
    ["spec.containers{c}", "kubelet", "node-1"],
  );
});

test("an image is pulled, used as it is, or not looked for, as the policy says", async () => {
  await using world = await startWorld();
  await world.create("never", { imagePullPolicy: "Never" });
  const refused = await world.seen("never", (pod) => stateOf(pod)?.state?.waiting?.reason === "ErrImageNeverPull");
  assert.equal(
    stateOf(refused)?.state?.waiting?.message,
    'Container image "app:1" is not present with pull policy of Never',
  );
  await world.create("first", { imagePullPolicy: "IfNotPresent" });
  await world.seen("first", isReady);
  await world.seen("never", isReady);
  await world.create("second", { imagePullPolicy: "IfNotPresent" });
  await world.seen("second", isReady);
  const present = 'Container image "app:1" already present on machine';
  await eventually(async () => (await world.messages("second", "Pulled"))[0] === present);
  assert.deepEqual(await world.messages("second", "Pulling"), []);
  const { items } = await world.client.list(world.nodes);
  assert.deepEqual(items[0]?.status?.images ?? [], [], "the list follows with the next heartbeat");
});

test("a name that is none, an image that is missing and a secret that is missing are told apart", async () => {
  await using world = await startWorld();
  await world.create("misnamed", { image: "NOT/A NAME" });
  const misnamed = await world.seen(
    "misnamed",
    (pod) => stateOf(pod)?.state?.waiting !== undefined && stateOf(pod)?.state?.waiting?.reason !== "ContainerCreating",
  );
  const { reason, message = "" } = stateOf(misnamed)?.state?.waiting ?? {};
  assert.equal(reason, "InvalidImageName");
  assert.match(message, /^Failed to apply default image tag "NOT\/A NAME": couldn't parse image name/);

  await world.create("missing", { image: "missing:1" }, { imagePullSecrets: [{ name: "none" }] });
  await world.seen("missing", (pod) => stateOf(pod)?.state?.waiting?.reason === "ErrImagePull");
  const told = await eventually(async () => {
    const messages = await world.messages("missing", "Failed");
    return messages.length >= 3 && messages;
  });
  assert.ok(told.includes('Failed to pull image "missing:1": missing:1: not found'));
  assert.ok(told.includes("Error: ErrImagePull") && told.includes("Error: ImagePullBackOff"));
  const [unknown] = await world.messages("missing", "FailedToRetrieveImagePullSecret");
  assert.match(unknown ?? "", /^Unable to retrieve some image pull secrets \(none\)/);
});

test("pull secrets of the pod are used for the registry that they name", async () => {
  const used: (string | undefined)[] = [];
  await using world = await startWorld({
    wrapImages: (source) => ({
      ...source,
      withCredentials: (credentials) => ({
        ...source,
        readLayer: () => Promise.reject(new Error("not asked for")),
        withCredentials: () => Promise.reject(new Error("not asked for")) as never,
        unpack: async (reference) => {
          used.push(await credentials("registry.io", "team/app"), await credentials("other.io", "team/app"));
          return await source.unpack(reference);
        },
      }),
    }),
  });
  const auths = { "registry.io/team": { username: "me", password: "secret" } };
  const data = { ".dockerconfigjson": Buffer.from(JSON.stringify({ auths })).toString("base64") };
  const metadata = { name: "login", namespace: NAMESPACE };
  await world.client.create(Secret, { metadata, type: "kubernetes.io/dockerconfigjson", data });
  const imagePullSecrets = [{ name: "login" }];
  await world.create("private", { image: "registry.io/team/app:1" }, { imagePullSecrets });
  await world.create("public", { image: "registry.io/other/app:1" }, { imagePullSecrets });
  await Promise.all([world.seen("private", isReady), world.seen("public", isReady)]);
  assert.deepEqual(used, [`Basic ${Buffer.from("me:secret").toString("base64")}`, undefined]);
});

test("an image that was pulled with credentials is not for pods without them", async () => {
  await using world = await startWorld({
    wrapImages: (source) => ({
      unpack: () => Promise.reject(new ImageError("ErrImagePull", "unauthorized")),
      describe: source.describe,
      withCredentials: () => ({ ...source, readLayer: () => Promise.reject(), withCredentials: () => source as never }),
    }),
  });
  const auths = { "registry.io": { username: "me", password: "secret" } };
  const data = { ".dockerconfigjson": Buffer.from(JSON.stringify({ auths })).toString("base64") };
  const metadata = { name: "login", namespace: NAMESPACE };
  await world.client.create(Secret, { metadata, type: "kubernetes.io/dockerconfigjson", data });
  const image = { image: "registry.io/app:1", imagePullPolicy: "IfNotPresent" };
  await world.create("owner", image, { imagePullSecrets: [{ name: "login" }] });
  await world.seen("owner", isReady);
  await world.create("stranger", image);
  const stranger = await world.seen("stranger", (pod) => stateOf(pod)?.state?.waiting?.reason === "ErrImagePull");
  assert.equal(stateOf(stranger)?.state?.waiting?.message, "unauthorized");
});

test("an image volume is read-only, and one that cannot be pulled is told like a container's image", async () => {
  await using world = await startWorld();
  const volumes = (reference: string) => ({ volumes: [{ name: "data", image: { reference } }] });
  const volumeMounts = [{ name: "data", mountPath: "/data" }];
  await world.create("reader", { volumeMounts }, volumes("data:1"));
  await world.seen("reader", isReady);
  const mount = world.container("reader").spec.mounts.find(({ target }) => target === "/data");
  assert.deepEqual([mount?.readOnly, mount?.noExec], [true, true]);
  assert.deepEqual(mount?.source, world.container("reader").spec.rootfs.layers[0]);
  assert.ok((await world.messages("reader", "Pulling")).includes('Pulling image "data:1"'));

  await world.create("waiter", { volumeMounts }, volumes("missing:1"));
  const waiter = await world.seen("waiter", (pod) => stateOf(pod)?.state?.waiting?.reason === "ErrImagePull");
  assert.equal(stateOf(waiter)?.state?.waiting?.message, "missing:1: not found");
});

test("containers that share their processes join those of a first one, which is made anew when it ends", async () => {
  await using world = await startWorld();
  await world.create("shared", {}, { shareProcessNamespace: true });
  await world.create("alone");
  await Promise.all([world.seen("shared", isReady), world.seen("alone", isReady)]);
  const firsts = () => world.runtime.containers.filter(({ spec }) => spec.logPath === undefined);
  assert.equal(firsts().length, 1);
  assert.equal(world.container("shared").spec.processesOf, firsts()[0]?.pid);
  assert.equal(world.container("alone").spec.processesOf, undefined);
  firsts()[0]?.exit(137);
  await eventually(async () => firsts()[0]?.removed === true);
  world.container("shared").exit(137);
  await world.seen("shared", (pod) => isReady(pod) && stateOf(pod)?.restartCount === 1);
  assert.equal(firsts().length, 2);
  assert.equal(world.container("shared").spec.processesOf, firsts()[1]?.pid);
  await remove(world, "shared");
  await eventually(async () => firsts()[1]?.removed === true);
});

test("sidecars start before and end after the main containers, the last one first", async () => {
  await using world = await startWorld();
  const sidecar = (name: string) => ({ name, image: "app:1", restartPolicy: "Always" });
  await world.create("order", {}, { initContainers: [sidecar("one"), sidecar("two")] });
  await world.seen("order", isReady);
  const started = world.runtime.containers.map(({ spec }) => spec.logPath?.split("/").at(-2));
  assert.deepEqual(started, ["one", "two", "c"]);
  const ended: string[] = [];
  for (const name of ["one", "two", "c"]) void world.container("order", name).exited.then(() => ended.push(name));
  await remove(world, "order");
  assert.deepEqual(ended, ["c", "two", "one"]);
});

test("a hook that fails ends the container, and says so", async () => {
  await using world = await startWorld();
  await world.create("hooked", { lifecycle: { postStart: { httpGet: { host: "127.0.0.1", port: 1 } } } });
  const failed = await world.seen("hooked", (pod) => stateOf(pod)?.state?.waiting?.reason === "PostStartHookError");
  assert.equal(stateOf(failed)?.lastState?.terminated?.exitCode, 143);
  await eventually(async () => (await world.messages("hooked", "FailedPostStartHook"))[0] === "PostStartHook failed");
});

test("preStop runs before the signal", async () => {
  await using world = await startWorld();
  const lifecycle = { preStop: { exec: { command: ["drain"] } } };
  await world.create("drained", { lifecycle });
  await world.seen("drained", isReady);
  const container = world.container("drained");
  const order: string[] = [];
  container.exec = async (args) => {
    order.push(...args, ...container.signals);
    return { code: 0, output: "", timedOut: false };
  };
  await remove(world, "drained");
  assert.deepEqual([order, container.signals], [["drain"], ["SIGTERM"]]);
});

test("a pod that is active for too long fails as a whole", async () => {
  await using world = await startWorld();
  await world.create("long", {}, { activeDeadlineSeconds: 1, restartPolicy: "Never" });
  const over = await world.seen("long", (pod) => pod?.status?.phase === "Failed");
  assert.deepEqual(
    [over.status?.reason, over.status?.message],
    ["DeadlineExceeded", "Pod was active on the node longer than the specified deadline"],
  );
  await eventually(async () => (await world.messages("long", "DeadlineExceeded")).length === 1);
});
