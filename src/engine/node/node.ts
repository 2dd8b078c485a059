/** The node agent: registers this machine, binds pods to it and runs them. */
import { mkdir, readdir, rm } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { ConfigMap, Pod, Secret } from "#api/builtin/index.ts";
import type { Node, Pod as PodObject } from "#api/builtin/types.gen.ts";
import type { ObjectCache } from "#engine/controller/cache.ts";
import type { InformerEvent } from "#engine/controller/informer.ts";
import { failure, notFound } from "#kit/status.ts";
import type { KubeClient } from "#ports/kube/client.ts";
import type { ImageSource } from "#ports/oci/image.ts";
import type { PodNetwork } from "#ports/sandbox/network/network.ts";
import type { SandboxRuntime } from "#ports/sandbox/runtime.ts";
import { bindPod, planPlacement, refusePod } from "./binder.ts";
import { type NodeContext, stampOf } from "./context.ts";
import { EventRecorder } from "./events.ts";
import { logPathOf } from "./instance-files.ts";
import { type LogOptions, readLog } from "./logs.ts";
import { type BackoffSetting, DEFAULT_BACKOFF } from "./plan/backoff.ts";
import { isTerminal } from "./plan/observation.ts";
import { podDirectoryName } from "./pod-sandbox.ts";
import { PodWorker } from "./pod-worker.ts";
import { type NodeFacts, registerNode, retireNode } from "./register.ts";

export type NodeOptions = {
  client: KubeClient;
  cache: ObjectCache;
  /** The node recovers both when it starts and closes both when it is closed. */
  runtime: SandboxRuntime;
  network: PodNetwork;
  images: ImageSource;
  dataDir: string;
  nodeName: string;
  clock: () => Date;
  /** Restart and image pull delays; default 10 s doubling to 5 min. */
  backoff?: BackoffSetting;
  log?: (message: string, detail?: Record<string, unknown>) => void;
};

export interface NodeAgent {
  readonly nodeName: string;
  /** The log of a container of a pod. Throws StatusError (NotFound, BadRequest) when there is none. */
  logs(
    namespace: string,
    pod: string,
    container: string,
    options: LogOptions,
    signal: AbortSignal,
  ): AsyncIterable<Uint8Array>;
  /**
   * Ends all containers. Pod objects stay, and their containers start again with the next node of this name;
   * `keepPods: false` deletes them as well, for a node that does not come back.
   */
  close(options?: { keepPods?: boolean }): Promise<void>;
}

/** How long containers get to end by themselves when the node is closed. */
const SHUTDOWN_GRACE_MS = 2_000;

/** Starts the node. Resolves when it is registered and knows its pods. */
export async function startNode(options: NodeOptions): Promise<NodeAgent> {
  const agent = new Agent(options);
  await agent.start();
  return agent;
}

class Agent implements NodeAgent {
  readonly nodeName: string;
  private readonly options: NodeOptions;
  private readonly context: NodeContext;
  private readonly workers = new Map<string, PodWorker>();
  private readonly ending = new Set<Promise<void>>();
  private readonly stop = new AbortController();
  private unsubscribe: () => void = () => undefined;
  private node: Node | undefined;

  constructor(options: NodeOptions) {
    const { client, runtime, network, images, nodeName, clock } = options;
    this.options = options;
    this.nodeName = nodeName;
    this.context = {
      client,
      runtime,
      network,
      images,
      nodeName,
      clock,
      references: {
        configMap: (namespace, name) => client.get(ConfigMap, name, namespace),
        secret: (namespace, name) => client.get(Secret, name, namespace),
      },
      events: new EventRecorder({ client, nodeName, clock }),
      podsDirectory: join(options.dataDir, "pods"),
      hostIP: ownAddress(),
      backoff: options.backoff ?? DEFAULT_BACKOFF,
      signal: this.stop.signal,
      log: options.log ?? (() => undefined),
    };
  }

  async start(): Promise<void> {
    const pods = this.options.cache.informer(Pod);
    const [node] = await Promise.all([
      registerNode(this.options.client, this.facts()),
      this.options.runtime.recover(),
      this.options.network.recover(),
      pods.ready(),
    ]);
    this.node = node;
    await this.removeOrphans(pods.list());
    this.unsubscribe = pods.subscribe((event) => this.onPod(event));
  }

  async *logs(
    namespace: string,
    pod: string,
    container: string,
    options: LogOptions,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    const object = this.options.cache.informer(Pod).get(pod, namespace);
    if (!object) throw notFound({ group: "", resource: "pods" }, pod);
    const { path, ended } = this.logOf(object, container, options);
    try {
      yield* readLog(path, options, ended, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      throw failure("NotFound", `the log of container "${container}" in pod "${pod}" is gone`);
    }
  }

  async close({ keepPods = true }: { keepPods?: boolean } = {}): Promise<void> {
    this.unsubscribe();
    this.stop.abort();
    const pods = this.options.cache.informer(Pod).list();
    await Promise.all([...this.workers.values()].map((worker) => worker.shutdown(SHUTDOWN_GRACE_MS)));
    await Promise.all(this.ending);
    await Promise.all([this.options.runtime.close(), this.options.network.close()]);
    // The API may be gone before the node: then nobody needs to be told.
    await retireNode(this.options.client, this.facts()).catch(() => undefined);
    if (keepPods) return;
    await Promise.all(pods.filter(({ spec }) => spec.nodeName === this.nodeName).map((pod) => this.forget(pod)));
    await rm(this.context.podsDirectory, { recursive: true, force: true });
  }

  private async forget({ metadata }: PodObject): Promise<void> {
    const { name, namespace, uid = "" } = metadata;
    await this.options.client.delete(Pod, { name, namespace }, { gracePeriodSeconds: 0, uid });
  }

  private facts(): NodeFacts {
    const { runtime, nodeName } = this.options;
    const { hostIP } = this.context;
    return { nodeName, hostIP, runtime: runtime.name, limitations: runtime.limitations, now: stampOf(this.context) };
  }

  private onPod({ type, object: pod }: InformerEvent<PodObject>): void {
    const worker = this.workers.get(pod.metadata.uid ?? "");
    // A pod of the same name that we did not see go.
    for (const other of this.workers.values()) if (other.isReplacedBy(pod)) this.drop(other);
    if (type === "DELETED") {
      if (worker) this.drop(worker);
    } else if (worker) worker.update(pod);
    else if (pod.spec.nodeName === this.nodeName) this.adopt(pod);
    else if (this.node) this.place(pod, this.node);
  }

  private adopt(pod: PodObject): void {
    if (isTerminal(pod) && !pod.metadata.deletionTimestamp) return;
    this.work(pod, Promise.resolve(true));
  }

  /** Binds a pod; its containers begin to start while the binding is being written. */
  private place(pod: PodObject, node: Node): void {
    const placement = planPlacement(pod, node);
    if (placement.kind === "bind") this.work(pod, bindPod(this.options.client, pod, this.nodeName));
    if (placement.kind !== "refuse") return;
    const { reason, message } = placement;
    void refusePod(this.options.client, pod, { reason, message }, stampOf(this.context)).catch((error: unknown) =>
      this.context.log("a pod's condition cannot be written", { error, pod: pod.metadata.name }),
    );
  }

  private work(pod: PodObject, bound: Promise<boolean>): void {
    const worker = new PodWorker(this.context, pod, bound);
    this.workers.set(worker.uid, worker);
    void bound.then((ours) => {
      if (!ours) this.workers.delete(worker.uid);
    });
  }

  private drop(worker: PodWorker): void {
    this.workers.delete(worker.uid);
    const ended = worker.removed().catch((error: unknown) => this.context.log("a pod cannot be removed", { error }));
    this.ending.add(ended);
    void ended.then(() => this.ending.delete(ended));
  }

  /** Logs and volumes of pods that were deleted while no node ran. */
  private async removeOrphans(pods: readonly PodObject[]): Promise<void> {
    const { podsDirectory } = this.context;
    await mkdir(podsDirectory, { recursive: true, mode: 0o755 });
    const known = new Set(pods.map(podDirectoryName));
    const orphans = (await readdir(podsDirectory)).filter((name) => !known.has(name));
    await Promise.all(orphans.map((name) => rm(join(podsDirectory, name), { recursive: true, force: true })));
  }

  /** Which file holds the log that is asked for, and when nothing more comes. */
  private logOf(
    pod: PodObject,
    container: string,
    { previous }: LogOptions,
  ): { path: string; ended: Promise<unknown> } {
    const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
    const status = [...initContainerStatuses, ...containerStatuses].find(({ name }) => name === container);
    const where = `container "${container}" in pod "${pod.metadata.name}"`;
    const { state, lastState, restartCount = 0 } = status ?? {};
    if (!state?.running && !state?.terminated && !lastState?.terminated)
      throw failure("BadRequest", `${where} is waiting to start: ${state?.waiting?.reason ?? "ContainerCreating"}`);
    if (previous && !lastState?.terminated) throw failure("BadRequest", `previous terminated ${where} not found`);
    // A container that waits for its restart is still counted as the instance that ended.
    const instance = previous && !state?.waiting ? restartCount - 1 : restartCount;
    const running = state?.running !== undefined;
    const path = logPathOf(join(this.context.podsDirectory, podDirectoryName(pod), container), instance);
    const ended =
      running && !previous ? this.workers.get(pod.metadata.uid ?? "")?.containerEnded(container) : undefined;
    return { path, ended: ended ?? Promise.resolve() };
  }
}

/** The first address of this machine that others can use; loopback when there is none. */
function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ family, internal }) => family === "IPv4" && !internal)?.address ?? "127.0.0.1";
}
