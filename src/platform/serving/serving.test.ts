/** From an applied Service to replicas, to zero and back: a real API server, the real controllers, pods without processes. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { PodAutoscaler } from "#api/autoscaling.internal.knative.dev/index.ts";
import { CustomResourceDefinition } from "#api/builtin/definition.ts";
import { Deployment, Pod } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { toCustomResourceDefinition } from "#api/crd.ts";
import type { Resource } from "#api/define.ts";
import type { ResourceRef } from "#api/meta.ts";
import { Ingress as KIngress } from "#api/networking.internal.knative.dev/ingress.ts";
import { Configuration, LABELS, Revision, Route, Service } from "#api/serving.knative.dev/index.ts";
import { startApiServer } from "#engine/apiserver/start.ts";
import { ObjectCache } from "#engine/controller/cache.ts";
import type { QueueClock } from "#engine/controller/queue.ts";
import { runControllers } from "#engine/controller/run.ts";
import { findCondition, isTrue } from "#kit/conditions.ts";
import { type Draft, KubeClient } from "#ports/kube/client.ts";
import { memoryStore } from "#ports/store/memory.ts";
import { coreControllers } from "../core/index.ts";
import { servingControllers, type TrafficPort } from "./index.ts";

const namespace = "default";

/** Requests as the test wants them. */
class FakeTraffic implements TrafficPort {
  private readonly listeners = new Set<(revision: string) => void>();
  readonly deactivated: string[] = [];
  busy = false;

  onDemand(listener: (revision: string) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
  onStats(): () => void {
    return () => undefined;
  }
  async deactivate(revision: string): Promise<boolean> {
    if (!this.busy) this.deactivated.push(revision);
    return !this.busy;
  }
  demand(revision: string): void {
    for (const listener of this.listeners) listener(revision);
  }
}

/** Real time, plus what the test adds to it; what falls due by that runs at once. */
class TestClock implements QueueClock {
  private added = 0;
  private readonly pending = new Set<{ due: number; run: () => void }>();

  now(): number {
    return Date.now() + this.added;
  }
  schedule(callback: () => void, milliseconds: number): () => void {
    const entry = {
      due: this.now() + milliseconds,
      run: () => {
        if (this.pending.delete(entry)) callback();
      },
    };
    this.pending.add(entry);
    const timer = setTimeout(entry.run, Math.min(milliseconds, 2 ** 31 - 1));
    timer.unref();
    return () => {
      clearTimeout(timer);
      this.pending.delete(entry);
    };
  }
  advance(milliseconds: number): void {
    this.added += milliseconds;
    for (const entry of [...this.pending]) if (entry.due <= this.now()) entry.run();
  }
}

type Cluster = Awaited<ReturnType<typeof startCluster>>;

async function startCluster() {
  const dataDir = await mkdtemp(join(tmpdir(), "slipway-serving-"));
  const server = await startApiServer({ store: memoryStore(), dataDir, port: 0 });
  const client = new KubeClient(server.transport(), "test");
  for (const kind of [Service, Configuration, Revision, Route, PodAutoscaler, KIngress])
    await client.create(
      CustomResourceDefinition as ResourceRef<object> as never,
      toCustomResourceDefinition(kind as Resource) as never,
    );
  const cache = new ObjectCache(client);
  const traffic = new FakeTraffic();
  const stopNode = fakeNode(cache);
  const stopGateway = fakeGateway(cache);
  const url = (name: string, space: string): string => `http://${name}.${space}.apps.localhost:7480`;
  const problems: string[] = [];
  const time = new TestClock();
  const clock = (): Date => new Date(time.now());
  const running = runControllers(cache, [...coreControllers(), ...servingControllers({ url, traffic, clock })], {
    clock,
    queueClock: time,
    log: (level, message, fields) => {
      if (level === "warn" || level === "error") problems.push(`${message} ${JSON.stringify(fields)}`);
    },
  });
  return {
    client,
    cache,
    traffic,
    problems,
    time,
    close: async () => {
      stopNode();
      stopGateway();
      await running.close();
      cache.close();
      await server.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Pods are ready at once, unless their image is "crash"; deleted ones are gone at once. */
function fakeNode(cache: ObjectCache): () => void {
  const handle = async (pod: k8s.Pod): Promise<void> => {
    const { metadata, status } = pod;
    if (metadata.deletionTimestamp) {
      await cache.client.delete(Pod, metadata, { gracePeriodSeconds: 0 });
      return;
    }
    if (status?.phase === "Running") return;
    const [container] = pod.spec.containers;
    const crashed = container?.image === "crash";
    const state = crashed ? { waiting: { reason: "CrashLoopBackOff" } } : { running: {} };
    const lastState = crashed ? { terminated: { exitCode: 3, message: "no database" } } : {};
    const now = new Date().toISOString().replace(/\.\d+Z$/, "Z");
    const body = {
      status: {
        phase: "Running",
        conditions: [{ type: "Ready", status: crashed ? "False" : "True", lastTransitionTime: now }],
        containerStatuses: [
          {
            name: container?.name,
            image: container?.image,
            imageID: "",
            ready: !crashed,
            restartCount: 0,
            state,
            lastState,
          },
        ],
      },
    };
    await cache.client.patch(Pod, metadata, { type: "merge", body }, { subresource: "status" });
  };
  return cache.informer(Pod).subscribe(({ type, object }) => {
    if (type !== "DELETED") void handle(object).catch(() => undefined);
  });
}

/** Every Ingress works at once. */
function fakeGateway(cache: ObjectCache): () => void {
  return cache.informer(KIngress).subscribe(({ type, object }) => {
    const { name, generation } = object.metadata;
    if (type === "DELETED" || object.status?.observedGeneration === generation) return;
    const body = { status: { observedGeneration: generation, conditions: [{ type: "Ready", status: "True" }] } };
    void cache.client
      .patch(KIngress, { name, namespace }, { type: "merge", body }, { subresource: "status" })
      .catch(() => undefined);
  });
}

async function until<T>(what: string, read: () => Promise<T | undefined | false>, cluster: Cluster): Promise<T> {
  for (let tries = 0; tries < 1000; tries++) {
    const value = await read();
    if (value) return value;
    await sleep(10);
  }
  const state = JSON.stringify(await snapshot(cluster), undefined, 1);
  throw new Error(`never happened: ${what}\n${cluster.problems.slice(0, 5).join("\n")}\n${state}`);
}

async function snapshot({ client }: Cluster): Promise<unknown> {
  const kinds = [
    Service,
    Configuration,
    Revision,
    Route,
    PodAutoscaler,
    Deployment,
    KIngress,
  ] as unknown as ResourceRef<never>[];
  const lists = await Promise.all(kinds.map(async (kind) => (await client.list(kind)).items as { status?: unknown }[]));
  return lists.map((items, index) => [kinds[index]?.kind, items.map(({ status }) => status)]);
}

function app(image: string, annotations: Record<string, string> = {}): Draft<Service> {
  const template = { metadata: { annotations }, spec: { containers: [{ image }] } };
  return { metadata: { name: "hello", namespace }, spec: { template } };
}

async function deployed(cluster: Cluster, revision: string): Promise<Service> {
  return await until(
    `${revision} serves`,
    async () => {
      const service = await cluster.client.get(Service, "hello", namespace);
      const served = service?.status?.traffic?.some(({ revisionName }) => revisionName === revision);
      return served && isTrue(service) && service;
    },
    cluster,
  );
}

async function replicas(cluster: Cluster, revision: string): Promise<number | undefined> {
  return (await cluster.client.get(Deployment, `${revision}-deployment`, namespace))?.spec.replicas;
}

describe("a Knative Service on a cluster", () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await startCluster();
  });
  afterEach(() => cluster.close());

  test("becomes ready with a URL, one pod and the labels of Knative", async () => {
    await cluster.client.apply(Service, app("one"));
    const service = await deployed(cluster, "hello-00001");
    assert.equal(service.status?.url, "http://hello.default.apps.localhost:7480");
    assert.equal(service.status?.address?.url, "http://hello.default.svc.cluster.local");
    assert.deepEqual(
      service.status?.conditions?.map(({ type, status }) => `${type}=${status}`),
      ["ConfigurationsReady=True", "RoutesReady=True", "Ready=True"],
    );
    const pods = (await cluster.client.list(Pod)).items;
    assert.equal(pods.length, 1);
    assert.equal(pods[0]?.metadata.labels?.[LABELS.revision], "hello-00001");
    assert.match(pods[0]?.metadata.name ?? "", /^hello-00001-deployment-[a-z0-9]+-[a-z0-9]{5}$/);
    const revision = await cluster.client.get(Revision, "hello-00001", namespace);
    assert.equal(revision?.metadata.labels?.[LABELS.routingState], "active");
    assert.match(revision?.metadata.annotations?.["slipway.dev/routed-at"] ?? "", /\.\d{3}Z$/);
    assert.deepEqual(cluster.problems, []);
  });

  test("goes to zero when idle, and comes back on a request", async () => {
    await cluster.client.apply(Service, app("one"));
    await deployed(cluster, "hello-00001");
    cluster.time.advance(59_000);
    assert.equal(await replicas(cluster, "hello-00001"), 1);
    cluster.time.advance(2000);
    await until("scaled to zero", async () => (await replicas(cluster, "hello-00001")) === 0, cluster);
    assert.deepEqual(cluster.traffic.deactivated, ["default/hello-00001"]);
    await until("no pod left", async () => (await cluster.client.list(Pod)).items.length === 0, cluster);
    const revision = await until(
      "inactive",
      async () => {
        const found = await cluster.client.get(Revision, "hello-00001", namespace);
        return findCondition(found, "Active")?.status === "False" && found;
      },
      cluster,
    );
    assert.equal(findCondition(revision, "Active")?.reason, "NoTraffic");
    assert.ok(isTrue(revision), "a revision at zero is still ready");
    cluster.traffic.demand("default/hello-00001");
    await until("a pod again", async () => (await cluster.client.list(Pod)).items.length === 1, cluster);
    assert.equal(await replicas(cluster, "hello-00001"), 1);
  });

  test("a new template takes over only when it is ready", async () => {
    await cluster.client.apply(Service, app("one"));
    await deployed(cluster, "hello-00001");
    await cluster.client.apply(Service, app("two"));
    await deployed(cluster, "hello-00002");
    const old = await cluster.client.get(Revision, "hello-00001", namespace);
    assert.equal(old?.metadata.labels?.[LABELS.routingState], "reserve");
    assert.equal(await replicas(cluster, "hello-00001"), 1, "the old revision is up until it is idle");
  });

  test("a broken template says why, and the old one is served on", async () => {
    await cluster.client.apply(Service, app("one"));
    await deployed(cluster, "hello-00001");
    await cluster.client.apply(Service, app("crash"));
    const service = await until(
      "failed",
      async () => {
        const found = await cluster.client.get(Service, "hello", namespace);
        return findCondition(found, "Ready")?.status === "False" && found;
      },
      cluster,
    );
    const ready = findCondition(service, "Ready");
    assert.equal(ready?.reason, "RevisionFailed");
    assert.equal(ready?.message, 'Revision "hello-00002" failed with message: Container failed with: no database.');
    assert.equal(service.status?.latestReadyRevisionName, "hello-00001");
    assert.equal(service.status?.traffic?.[0]?.revisionName, "hello-00001");
    const broken = await cluster.client.get(Revision, "hello-00002", namespace);
    assert.equal(findCondition(broken, "ContainerHealthy")?.reason, "ExitCode3");
    await cluster.client.apply(Service, app("three"));
    await deployed(cluster, "hello-00003");
  });

  test("goes away with everything that it made", async () => {
    await cluster.client.apply(Service, app("one"));
    await deployed(cluster, "hello-00001");
    await cluster.client.delete(Service, { name: "hello", namespace });
    await until(
      "all gone",
      async () => {
        const kinds = [
          Service,
          Configuration,
          Revision,
          Route,
          PodAutoscaler,
          Deployment,
          Pod,
        ] as unknown as ResourceRef<never>[];
        const lists = await Promise.all(kinds.map((kind) => cluster.client.list(kind)));
        return lists.every(({ items }) => items.length === 0);
      },
      cluster,
    );
  });
});
