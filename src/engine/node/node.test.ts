/** The node against a real API server in memory: first with a fake sandbox, then with the real ones. */
import assert from "node:assert/strict";
import { access, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { Event, Node, Pod, Secret } from "#api/builtin/index.ts";
import type { Container, Pod as PodObject } from "#api/builtin/types.gen.ts";
import { startApiServer } from "#engine/apiserver/start.ts";
import { ObjectCache } from "#engine/controller/cache.ts";
import { startScheduler } from "#engine/scheduler/scheduler.ts";
import { isTrue } from "#kit/conditions.ts";
import { KubeClient } from "#ports/kube/client.ts";
import { ImageError, type ImageSource } from "#ports/oci/image.ts";
import { createBubblewrap } from "#ports/sandbox/bubblewrap/bubblewrap.ts";
import { detectRuntime } from "#ports/sandbox/detect.ts";
import { FakeRuntime } from "#ports/sandbox/fake.ts";
import { detectNetwork } from "#ports/sandbox/network/detect.ts";
import { createLoopbackNetwork } from "#ports/sandbox/network/loopback.ts";
import type { PodNetwork } from "#ports/sandbox/network/network.ts";
import { createRunc } from "#ports/sandbox/runc/runc.ts";
import type { SandboxRuntime } from "#ports/sandbox/runtime.ts";
import { hostMounts, makeSkeleton } from "#ports/sandbox/skeleton.ts";
import { memoryStore } from "#ports/store/memory.ts";
import { type NodeAgent, startNode } from "./node.ts";

let directory = "";
let client: KubeClient;
let cache: ObjectCache;
let closers: (() => Promise<void>)[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "slipway-node-"));
  await mkdir(join(directory, "layer"));
  const api = await startApiServer({ store: memoryStore(), dataDir: directory, port: 0 });
  client = new KubeClient(api.transport());
  cache = new ObjectCache(client);
  closers = [() => api.close(), async () => cache.close()];
});

afterEach(async () => {
  for (const close of closers.toReversed()) await close();
  await rm(directory, { recursive: true, force: true });
});

/** Knows every image but those whose name starts with "missing". */
function images(): ImageSource {
  const config = {
    architecture: "amd64",
    os: "linux",
    config: { Cmd: ["/app"] },
    rootfs: { type: "layers", diff_ids: [] },
  } as const;
  const describe = async (reference: string) => {
    if (reference.startsWith("missing")) throw new ImageError("ErrImagePull", `${reference}: not found`);
    const digest = "sha256:1";
    return { reference: `${reference}@${digest}`, digest, config: structuredClone(config) as never };
  };
  const layers = [join(directory, "layer")];
  return { describe, unpack: async (reference) => ({ ...(await describe(reference)), layers }) };
}

async function start(
  runtime: SandboxRuntime,
  network: PodNetwork = createLoopbackNetwork({ start: process.pid }),
): Promise<NodeAgent> {
  const options = { client, cache, runtime, network, images: images(), dataDir: directory, nodeName: "node-1" };
  const node = await startNode({ ...options, clock: () => new Date(), backoff: { initialMs: 20, maxMs: 80 } });
  closers.push(() => node.close());
  const scheduler = await startScheduler({ cache, clock: () => new Date() });
  closers.push(() => scheduler.close());
  return node;
}

async function create(name: string, container: Partial<Container> = {}, spec: object = {}): Promise<PodObject> {
  const containers = [{ name: "c", image: "app:1", ...container }];
  return await client.create(Pod, { metadata: { name, namespace: "default" }, spec: { containers, ...spec } } as never);
}

/** The pod when it is (or was in passing) as asked; undefined in the test means it is gone. */
function seen(name: string, test: (pod: PodObject | undefined) => boolean): Promise<PodObject> {
  return new Promise((resolve) => {
    let stop = (): void => undefined;
    let done = false;
    stop = cache.informer(Pod).subscribe(({ type, object }) => {
      if (done || object.metadata.name !== name || !test(type === "DELETED" ? undefined : object)) return;
      done = true;
      setImmediate(() => stop());
      resolve(object);
    });
  });
}

const stateOf = (pod: PodObject | undefined) => pod?.status?.containerStatuses?.[0];
const isReady = (pod: PodObject | undefined): boolean => isTrue(pod as never);

describe("startNode with a fake sandbox", () => {
  it("registers the node, binds a pod and runs it", async () => {
    const runtime = new FakeRuntime();
    await start(runtime);
    assert.equal(isTrue((await client.get(Node, "node-1")) as never), true);
    await create("web", { ports: [{ containerPort: 8080 }], env: [{ name: "PORT", value: "8080" }] });
    const pod = await seen("web", isReady);
    const recorded = JSON.parse(pod.metadata.annotations?.["slipway.dev/ports"] ?? "{}")[8080];
    assert.deepEqual([pod.spec.nodeName, pod.status?.phase, pod.status?.podIP], ["node-1", "Running", "127.0.0.1"]);
    assert.equal(stateOf(pod)?.imageID, "app:1@sha256:1");
    assert.equal(runtime.containers[0]?.spec.env.PORT, String(recorded));
    assert.deepEqual(runtime.containers[0]?.spec.args, ["/app"]);
  });

  it("restarts what crashes, later and later, and says so", async () => {
    const runtime = new FakeRuntime();
    runtime.exitsWith = () => 3;
    const node = await start(runtime);
    await create("crash");
    const looping = await seen("crash", (pod) => stateOf(pod)?.state?.waiting?.reason === "CrashLoopBackOff");
    assert.equal(stateOf(looping)?.lastState?.terminated?.exitCode, 3);
    assert.equal(looping.status?.phase, "Running");
    const previous = node.logs("default", "crash", "c", { previous: true }, new AbortController().signal);
    await assert.rejects(
      previous[Symbol.asyncIterator]().next(),
      /log of container "c" in pod "crash" is gone/,
      "the fake writes none",
    );
    const later = await seen(
      "crash",
      (pod) => (stateOf(pod)?.restartCount ?? 0) >= 3 && stateOf(pod)?.state?.waiting !== undefined,
    );
    assert.equal(isReady(later), false);
    while (!(await client.list(Event)).items.some(({ reason }) => reason === "BackOff"))
      await new Promise((resolve) => setImmediate(resolve));
  });

  it("runs init containers one after the other, and a pod that never restarts to its end", async () => {
    const runtime = new FakeRuntime();
    runtime.exitsWith = () => 0;
    await start(runtime);
    const initContainers = ["one", "two"].map((name) => ({ name, image: `${name}:1` }));
    await create("job", {}, { restartPolicy: "Never", initContainers });
    const done = await seen("job", (pod) => pod?.status?.phase === "Succeeded");
    assert.deepEqual(
      done.status?.initContainerStatuses?.map(({ state }) => state?.terminated?.exitCode),
      [0, 0],
    );
    assert.equal(runtime.containers.length, 3);
    while (!runtime.containers.every(({ removed }) => removed)) await new Promise((resolve) => setImmediate(resolve));
  });

  it("backs off from an image that cannot be had, and from a reference that leads nowhere until it does", async () => {
    await start(new FakeRuntime());
    await create("nopull", { image: "missing:1" });
    const failed = await seen("nopull", (pod) => stateOf(pod)?.state?.waiting?.reason === "ErrImagePull");
    assert.match(stateOf(failed)?.state?.waiting?.message ?? "", /missing:1: not found/);
    await create("noref", { env: [{ name: "X", valueFrom: { secretKeyRef: { name: "late", key: "k" } } }] });
    const waiting = await seen("noref", (pod) => stateOf(pod)?.state?.waiting?.reason === "CreateContainerConfigError");
    assert.equal(stateOf(waiting)?.state?.waiting?.message, 'secret "late" not found');
    await client.create(Secret, { metadata: { name: "late", namespace: "default" }, data: { k: "dg==" } });
    const ready = await seen("noref", isReady);
    assert.equal(stateOf(ready)?.restartCount, 0);
  });

  it("deletes gracefully: not ready, SIGTERM, gone with its files", async () => {
    const runtime = new FakeRuntime();
    await start(runtime);
    const { metadata } = await create("web");
    await seen("web", isReady);
    const gone = seen("web", (pod) => pod === undefined);
    await client.delete(Pod, { name: "web", namespace: "default" });
    await gone;
    assert.deepEqual(runtime.containers[0]?.signals, ["SIGTERM"]);
    while ((await readdir(join(directory, "pods"))).some((name) => name.includes(metadata.uid ?? "?")))
      await new Promise((resolve) => setImmediate(resolve));
  });

  it("kills what does not go in time, and what is deleted by force", async () => {
    const runtime = new FakeRuntime();
    runtime.ignoresTerm = true;
    await start(runtime);
    await create("stubborn");
    await seen("stubborn", isReady);
    const gone = seen("stubborn", (pod) => pod === undefined);
    await client.delete(Pod, { name: "stubborn", namespace: "default" }, { gracePeriodSeconds: 1 });
    await gone;
    assert.deepEqual(runtime.containers[0]?.signals, ["SIGTERM", "SIGKILL"]);
  });

  it("starts its pods again after a restart, and counts that", async () => {
    const first = await start(new FakeRuntime());
    await create("web");
    await create("done", {}, { restartPolicy: "Never" });
    await Promise.all([seen("web", isReady), seen("done", isReady)]);
    await first.close();
    assert.equal(isTrue((await client.get(Node, "node-1")) as never), false);
    const runtime = new FakeRuntime();
    await start(runtime);
    const again = await seen("web", (pod) => isReady(pod) && stateOf(pod)?.restartCount === 1);
    assert.equal(stateOf(again)?.lastState?.terminated?.reason, "ContainerStatusUnknown");
    const failed = await seen("done", (pod) => pod?.status?.phase === "Failed");
    assert.equal(stateOf(failed)?.restartCount, 0);
    assert.equal(runtime.recovered, 1);
    assert.equal(runtime.containers.length, 1);
  });

  it("restarts a container whose liveness probe fails", async () => {
    const runtime = new FakeRuntime();
    await start(runtime);
    const livenessProbe = {
      exec: { command: ["check"] },
      periodSeconds: 1,
      failureThreshold: 1,
      initialDelaySeconds: 1,
    };
    await create("sick", { livenessProbe });
    await seen("sick", isReady);
    const [container] = runtime.containers;
    if (container) container.execResult = { code: 1, output: "sick", timedOut: false };
    const restarted = await seen("sick", (pod) => stateOf(pod)?.restartCount === 1);
    assert.equal(stateOf(restarted)?.lastState?.terminated?.exitCode, 143);
  });

  it("says why a pod cannot be placed", async () => {
    await start(new FakeRuntime());
    await create("picky", {}, { nodeSelector: { disk: "ssd" } });
    const refused = await seen("picky", (pod) => pod?.status?.conditions?.[0]?.reason === "Unschedulable");
    assert.match(refused.status?.conditions?.[0]?.message ?? "", /0\/1 nodes are available/);
  });
});

const probe = await mkdtemp(join(tmpdir(), "slipway-node-"));
const { runtime: best, problems } = await detectRuntime({ directory: probe });
await best?.close();
const real = await detectRuntime({ directory: probe, uid: 1000 });
await real.runtime?.close();
await rm(probe, { recursive: true, force: true });

const SERVER = `
  require("http").createServer((q, a) => a.end("hello from " + require("os").hostname())).listen(process.env.PORT, "0.0.0.0", () => console.log("listening"));
  process.on("SIGTERM", () => process.exit(0));`;

for (const { name, make, skip } of [
  { name: "runc", make: createRunc, skip: best?.name === "runc" ? false : problems.join("; ") },
  { name: "bubblewrap", make: createBubblewrap, skip: real.runtime ? false : real.problems.join("; ") },
])
  describe(`startNode with ${name}`, { skip }, () => {
    it("serves HTTP from a pod, shows its log, and leaves nothing behind", async () => {
      await makeSkeleton(join(directory, "layer"));
      const instance = process.pid.toString(16).padStart(8, "0");
      const network =
        name === "runc"
          ? (await detectNetwork({ instance, serviceRange: "10.96.0.0/16" })).network
          : createLoopbackNetwork();
      const node = await start(make({ directory: join(directory, "sandbox") }), network);
      const node24 = dirname(process.execPath);
      const mounts = [...(await hostMounts()), { source: node24, target: "/opt/node", readOnly: true }];
      await create(
        "web",
        {
          command: ["/opt/node/node", "-e", SERVER],
          env: [{ name: "PORT", value: "8080" }],
          ports: [{ containerPort: 8080 }],
          readinessProbe: { httpGet: { port: 8080 } },
          volumeMounts: mounts.map(({ target }, index) => ({ name: `v${index}`, mountPath: target, readOnly: true })),
        },
        { volumes: mounts.map(({ source }, index) => ({ name: `v${index}`, hostPath: { path: source } })) },
      );
      const pod = await seen("web", isReady);
      const port = JSON.parse(pod.metadata.annotations?.["slipway.dev/ports"] ?? '{"8080":8080}')[8080];
      const text = await new Promise<string>((resolve, reject) => {
        get({ host: pod.status?.podIP, port, agent: false }, (answer) => {
          answer.setEncoding("utf8").on("data", resolve);
        }).on("error", reject);
      });
      assert.equal(text, "hello from web");
      let log = "";
      for await (const chunk of node.logs("default", "web", "c", {}, new AbortController().signal))
        log += Buffer.from(chunk).toString();
      assert.equal(log, "listening\n");
      await node.close();
      closers.pop();
      await assert.rejects(access(join(directory, "sandbox")));
    });
  });
