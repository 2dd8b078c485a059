/** The node agent: registers this machine and runs the pods that are given to it. */
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { Pod, Service } from "#api/builtin/index.ts";
import type { Pod as PodObject } from "#api/builtin/types.gen.ts";
import { keyOf } from "#api/meta.ts";
import type { InformerEvent } from "#engine/controller/informer.ts";
import { failure, notFound } from "#kit/status.ts";
import { dialPod } from "#ports/sandbox/dial.ts";
import type { Container, Survivor } from "#ports/sandbox/runtime.ts";
import { assembleContext } from "./assemble.ts";
import type { NodeContext } from "./context.ts";
import { type Duties, startDuties } from "./duties.ts";
import { logPathOf } from "./instance-files.ts";
import { type LogOptions, readLog } from "./logs.ts";
import type { NodeOptions } from "./options.ts";
import { isTerminal } from "./plan/observation.ts";
import { podDirectoryName } from "./pod-sandbox.ts";
import { PodWorker } from "./pod-worker.ts";
import { endSurvivor } from "./survivors.ts";

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
  /** A container that runs; undefined when it does not. */
  container(namespace: string, pod: string, container: string): Container | undefined;
  /** The images that are here, with their digests. */
  images(): string[];
  /** A connection to a TCP port of a pod. Rejects with an Error that says what went wrong. */
  connect(namespace: string, pod: string, port: number): Promise<Duplex>;
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
  const stop = new AbortController();
  const agent = new Agent(options, await assembleContext(options, stop.signal), stop);
  await agent.start();
  return agent;
}

class Agent implements NodeAgent {
  readonly nodeName: string;
  private readonly options: NodeOptions;
  private readonly context: NodeContext;
  /** By the uid of their pods, and by the key of the objects. */
  private readonly workers = new Map<string, PodWorker>();
  private readonly byName = new Map<string, PodWorker>();
  private readonly ending = new Set<Promise<void>>();
  private readonly stop: AbortController;
  private unsubscribe: () => void = () => undefined;
  private duties: Duties | undefined;

  constructor(options: NodeOptions, context: NodeContext, stop: AbortController) {
    this.options = options;
    this.context = context;
    this.stop = stop;
    this.nodeName = options.nodeName;
  }

  async start(): Promise<void> {
    const { cache, runtime, network } = this.options;
    const pods = cache.informer(Pod);
    const recovered = Promise.all([runtime.recover(), network.recover()]);
    await Promise.all([recovered, pods.ready(), cache.informer(Service).ready()]);
    const [survivors] = await recovered;
    await this.takeOver(survivors, pods.list());
    await this.context.memory?.volumes.mount(this.context.memory.directory, undefined);
    await this.removeOrphans(pods.list());
    this.duties = await startDuties(this.options, this.context, () => [...this.workers.values()]);
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

  container(namespace: string, pod: string, container: string): Container | undefined {
    return this.workerOf(namespace, pod)?.container(container);
  }

  images(): string[] {
    return this.context.knownImages.all().map(({ reference }) => reference);
  }

  async connect(namespace: string, pod: string, port: number): Promise<Duplex> {
    const attachment = this.workerOf(namespace, pod)?.network;
    if (!attachment) throw new Error(`pod ${pod} is not running`);
    return await dialPod(this.options.network.sockets, attachment, port);
  }

  private workerOf(namespace: string, pod: string): PodWorker | undefined {
    return this.workers.get(this.options.cache.informer(Pod).get(pod, namespace)?.metadata.uid ?? "");
  }

  async close({ keepPods = true }: { keepPods?: boolean } = {}): Promise<void> {
    this.unsubscribe();
    this.context.watch.close();
    this.stop.abort();
    await this.duties?.stop();
    const pods = this.options.cache.informer(Pod).list();
    await Promise.all([...this.workers.values()].map((worker) => worker.shutdown(SHUTDOWN_GRACE_MS)));
    await Promise.all(this.ending);
    await Promise.all([this.options.runtime.close(), this.options.network.close()]);
    const { memory } = this.context;
    await memory?.volumes.unmount(memory.directory);
    // The API may be gone before the node: then nobody needs to be told.
    await this.duties?.retire().catch(() => undefined);
    if (keepPods) return;
    await Promise.all(pods.filter(({ spec }) => spec.nodeName === this.nodeName).map((pod) => this.forget(pod)));
    await rm(this.context.podsDirectory, { recursive: true, force: true });
  }

  private async forget({ metadata }: PodObject): Promise<void> {
    const { name, namespace, uid = "" } = metadata;
    await this.options.client.delete(Pod, { name, namespace }, { gracePeriodSeconds: 0, uid });
  }

  private onPod({ type, object: pod, previous }: InformerEvent<PodObject>): void {
    if (pod.spec.nodeName !== this.nodeName && previous?.spec.nodeName !== this.nodeName) return;
    const worker = this.workers.get(pod.metadata.uid ?? "");
    const namesake = this.byName.get(keyOf(pod));
    // A pod of the same name that we did not see go.
    if (namesake && namesake !== worker) this.drop(namesake);
    if (type === "DELETED") {
      if (worker) this.drop(worker);
    } else if (worker) worker.update(pod);
    else if (pod.spec.nodeName === this.nodeName) this.adopt(pod);
  }

  /** Containers of an earlier run go on in their pods; those whose pods are gone end. */
  private async takeOver(survivors: readonly Survivor[], pods: readonly PodObject[]): Promise<void> {
    const ours = pods.filter(({ spec }) => spec.nodeName === this.nodeName);
    const others = await this.context.survivors.match(survivors, ours, this.options.network);
    for (const { container } of others) this.finish(endSurvivor(container));
  }

  private adopt(pod: PodObject): void {
    if (isTerminal(pod) && !pod.metadata.deletionTimestamp) return;
    const worker = new PodWorker(this.context, pod);
    this.workers.set(worker.uid, worker);
    this.byName.set(worker.key, worker);
  }

  private drop(worker: PodWorker): void {
    this.workers.delete(worker.uid);
    if (this.byName.get(worker.key) === worker) this.byName.delete(worker.key);
    this.finish(worker.removed());
  }

  private finish(removal: Promise<void>): void {
    const ended = removal.catch((error: unknown) => this.context.log("a pod cannot be removed", { error }));
    this.ending.add(ended);
    void ended.then(() => this.ending.delete(ended));
  }

  /** Logs and volumes of pods that were deleted while no node ran. */
  private async removeOrphans(pods: readonly PodObject[]): Promise<void> {
    const { podsDirectory, memory } = this.context;
    await mkdir(podsDirectory, { recursive: true, mode: 0o755 });
    const known = new Set(pods.map(podDirectoryName));
    for (const directory of [podsDirectory, ...(memory ? [memory.directory] : [])]) {
      const orphans = (await readdir(directory)).filter((name) => !known.has(name));
      for (const name of orphans) {
        await memory?.volumes.unmountBelow(join(directory, name));
        await rm(join(directory, name), { recursive: true, force: true });
      }
    }
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
