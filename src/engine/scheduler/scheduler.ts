/** The scheduler: gives every pod that waits for one a node, and says why when there is none. */
import {
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  StorageClass,
} from "#api/builtin/index.ts";
import type { Node as NodeObject, Pod as PodObject } from "#api/builtin/types.gen.ts";
import type { ResourceRef } from "#api/meta.ts";
import type { ObjectCache } from "#engine/controller/cache.ts";
import { EventRecorder } from "#engine/controller/events.ts";
import type { InformerEvent } from "#engine/controller/informer.ts";
import { deepEqual } from "#kit/json.ts";
import { hasReason } from "#kit/status.ts";
import { bindPod, clearNomination, preemptPod, type Refused, refusePod, selectNode } from "./bind.ts";
import { ClusterState } from "./cluster-state.ts";
import type { ChangeKind, Surroundings } from "./filters/filter.ts";
import { Nominations } from "./nominations.ts";
import { isPending, type Placement, planPlacement } from "./plan.ts";
import type { Preemption } from "./preemption.ts";
import { PodQueue } from "./queue.ts";

export type SchedulerOptions = {
  cache: ObjectCache;
  clock: () => Date;
  /** Which pods are ours. Default `default-scheduler`. */
  name?: string;
  log?: (message: string, detail?: Record<string, unknown>) => void;
};

export interface Scheduler {
  /** Stops, and resolves when nothing is being written any more. */
  close(): Promise<void>;
}

/** Starts scheduling. Resolves when nodes and pods are known. */
export async function startScheduler(options: SchedulerOptions): Promise<Scheduler> {
  const { cache } = options;
  const kinds: readonly ResourceRef<unknown>[] = [
    Node,
    Pod,
    Namespace,
    PersistentVolume,
    PersistentVolumeClaim,
    PodDisruptionBudget,
    StorageClass,
  ];
  await Promise.all(kinds.map((kind) => cache.informer(kind).ready()));
  return new Loop(options);
}

const UNTIL_VOLUME_CHANGES: ReadonlySet<ChangeKind> = new Set(["volume"]);
const NEVER: ReadonlySet<ChangeKind> = new Set();

class Loop implements Scheduler {
  private readonly options: SchedulerOptions;
  private readonly name: string;
  private readonly events: EventRecorder;
  private readonly state = new ClusterState();
  private readonly queue = new PodQueue();
  private readonly nominations = new Nominations();
  private readonly surroundings: Surroundings;
  private readonly writing = new Set<Promise<void>>();
  private readonly stops: (() => void)[];
  private planned = false;
  private closed = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(options: SchedulerOptions) {
    const { cache, clock, name = "default-scheduler" } = options;
    this.options = options;
    this.name = name;
    const onError = (error: unknown): void => this.log("an event cannot be written", { error: String(error) });
    this.events = new EventRecorder({ client: cache.client, component: name, clock, onError });
    this.surroundings = surroundingsIn(cache);
    this.stops = [
      cache.informer(Node).subscribe((event) => this.onNode(event)),
      cache.informer(Pod).subscribe((event) => this.onPod(event)),
      ...[PersistentVolume, PersistentVolumeClaim, StorageClass].map((kind) =>
        cache.informer(kind as ResourceRef<unknown>).subscribe(() => this.changed("volume")),
      ),
    ];
    this.soon();
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    for (const stop of this.stops) stop();
    await Promise.all(this.writing);
  }

  private onNode({ type, object: node, previous }: InformerEvent<NodeObject>): void {
    if (type === "DELETED") this.state.removeNode(node.metadata.name);
    else if (!previous || concernsPods(previous, node)) this.state.setNode(node);
    else return;
    this.changed("node");
  }

  private onPod({ type, object: pod, previous }: InformerEvent<PodObject>): void {
    const isOver = type === "DELETED" || pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
    if (isOver) {
      this.leave(pod);
      if (this.state.removePod(pod)) this.changed("pod");
    } else if (pod.spec.nodeName) {
      if (type === "MODIFIED" && previous && !concernsOthers(previous, pod)) {
        this.state.renewPod(pod);
        return;
      }
      this.leave(pod);
      this.state.setPod(pod, pod.spec.nodeName);
      this.changed("pod");
    } else if (isPending(pod, this.name)) {
      if (type === "ADDED") this.nominations.set(pod, pod.status?.nominatedNodeName);
      this.queue.add(pod);
      this.soon();
    } else this.leave(pod);
  }

  /** The pod does not wait any more: neither for a node, nor for the one that it was promised. */
  private leave(pod: PodObject): void {
    this.queue.remove(pod);
    this.nominations.set(pod, undefined);
  }

  private changed(kind: ChangeKind): void {
    if (this.queue.changed(kind)) this.soon();
  }

  /** Plans once for everything that happens until then. */
  private soon(): void {
    if (this.planned || this.closed) return;
    this.planned = true;
    setImmediate(() => {
      this.planned = false;
      if (!this.closed) this.scheduleAll();
    });
  }

  private scheduleAll(): void {
    clearTimeout(this.timer);
    for (const pod of this.queue.next(this.now())) this.schedule(pod);
    const wakeAt = this.queue.wakeAt();
    if (wakeAt !== undefined) this.timer = setTimeout(() => this.soon(), Math.max(wakeAt - this.now(), 1)).unref();
  }

  private schedule(pod: PodObject): void {
    const { state, surroundings, nominations } = this;
    const budgets = this.options.cache.informer(PodDisruptionBudget).list();
    const placement = planPlacement({ pod, state, surroundings, nominations: nominations.list(), budgets });
    if (placement.kind === "bind") this.bind(pod, placement.nodeName);
    else if (placement.kind === "provision") {
      this.queue.refused(pod, UNTIL_VOLUME_CHANGES, this.now());
      this.write(pod, () => this.provision(placement));
    } else if (placement.kind === "gated") {
      this.queue.refused(pod, NEVER, this.now());
      this.refuse(pod, { reason: "SchedulingGated", message: placement.message });
    } else {
      const { message, wokenBy, nominated, preemption } = placement;
      this.queue.refused(pod, wokenBy, this.now());
      this.nominations.set(pod, nominated);
      this.record(pod, "Warning", "FailedScheduling", message);
      this.refuse(pod, { reason: "Unschedulable", message, nominated });
      if (preemption) this.preempt(pod, preemption);
    }
  }

  /** Sends the victims away. The pod is tried again as they go. */
  private preempt(pod: PodObject, { nodeName, victims }: Preemption): void {
    const { client } = this.options.cache;
    for (const other of this.nominations.below(pod, nodeName)) {
      this.nominations.set(other, undefined);
      this.write(other, () => clearNomination(client, other));
    }
    for (const victim of victims)
      this.write(victim, async () => {
        await preemptPod(client, victim, this.name, this.stamp());
        this.record(victim, "Normal", "Preempted", `Preempted by pod ${pod.metadata.uid} on node ${nodeName}`);
      });
  }

  /** The pod counts on its node at once; if the write fails, it is as if nothing had been. */
  private bind(pod: PodObject, nodeName: string): void {
    const { cache } = this.options;
    this.leave(pod);
    this.state.setPod(pod, nodeName);
    this.write(pod, async () => {
      try {
        await bindPod(cache.client, pod, nodeName);
        const { namespace, name } = pod.metadata;
        this.record(pod, "Normal", "Scheduled", `Successfully assigned ${namespace}/${name} to ${nodeName}`);
      } catch (error) {
        this.forget(pod);
        throw error;
      }
    });
  }

  private forget(pod: PodObject): void {
    const latest = this.options.cache.informer(Pod).get(pod.metadata.name, pod.metadata.namespace);
    const isSame = latest?.metadata.uid === pod.metadata.uid;
    if (isSame && latest?.spec.nodeName) return;
    this.state.removePod(pod);
    this.changed("pod");
    if (!latest || !isSame || !isPending(latest, this.name)) return;
    this.queue.failed(latest, this.now());
    this.soon();
  }

  private async provision({ claims, nodeName }: Extract<Placement, { kind: "provision" }>): Promise<void> {
    const { client } = this.options.cache;
    await Promise.all(claims.map((claim) => selectNode(client, claim, nodeName)));
  }

  private refuse(pod: PodObject, refusal: Refused): void {
    this.write(pod, () => refusePod(this.options.cache.client, pod, refusal, this.stamp()));
  }

  private write(pod: PodObject, work: () => Promise<void>): void {
    const { name, namespace } = pod.metadata;
    const written = work().catch((error: unknown) => {
      if (hasReason(error, "NotFound", "Conflict")) return;
      this.log("a pod cannot be scheduled", { error: String(error), pod: `${namespace}/${name}` });
    });
    this.writing.add(written);
    void written.then(() => this.writing.delete(written));
  }

  private record(pod: PodObject, type: "Normal" | "Warning", reason: string, message: string): void {
    const { name, namespace, uid, resourceVersion } = pod.metadata;
    this.events.record({ apiVersion: "v1", kind: "Pod", name, namespace, uid, resourceVersion }, type, reason, message);
  }

  private log(message: string, detail: Record<string, unknown>): void {
    this.options.log?.(message, detail);
  }

  private now(): number {
    return this.options.clock().getTime();
  }

  private stamp(): string {
    return `${this.options.clock().toISOString().slice(0, 19)}Z`;
  }
}

function surroundingsIn(cache: ObjectCache): Surroundings {
  return {
    claim: (namespace, name) => cache.informer(PersistentVolumeClaim).get(name, namespace),
    volume: (name) => cache.informer(PersistentVolume).get(name),
    volumes: () => cache.informer(PersistentVolume).list(),
    storageClass: (name) => cache.informer(StorageClass).get(name),
    namespace: (name) => cache.informer(Namespace).get(name),
  };
}

/** Whether a change of a pod that has its node may matter to others. */
function concernsOthers(before: PodObject, after: PodObject): boolean {
  return !(
    before.metadata.deletionTimestamp === after.metadata.deletionTimestamp &&
    deepEqual(before.spec, after.spec) &&
    deepEqual(before.metadata.labels, after.metadata.labels)
  );
}

/** Heartbeats change nothing for pods. */
function concernsPods(before: NodeObject, after: NodeObject): boolean {
  return !(
    deepEqual(before.spec, after.spec) &&
    deepEqual(before.metadata.labels, after.metadata.labels) &&
    deepEqual(before.status?.allocatable, after.status?.allocatable)
  );
}
