/** Brings one pod to what its specification says, and tells the API how it is. */
import type { Pod as PodObject } from "#api/builtin/types.gen.ts";
import { keyOf } from "#api/meta.ts";
import type { NetworkAttachment } from "#ports/sandbox/network/network.ts";
import type { Container } from "#ports/sandbox/runtime.ts";
import { type NodeContext, stampOf } from "./context.ts";
import type { EvictablePod, Eviction } from "./eviction/manager.ts";
import { refusalOf } from "./plan/admission.ts";
import { isTerminal } from "./plan/observation.ts";
import { type Action, planEnd, planPod } from "./plan/plan.ts";
import { isOnItsWay, type PodFacts, podStatus, shownUntil } from "./plan/status.ts";
import { PodContainers } from "./pod-containers.ts";
import { deletePod } from "./pod-deletion.ts";
import { PodSandbox } from "./pod-sandbox.ts";
import { StatusWriter } from "./status-writer.ts";

const DEFAULT_GRACE_SECONDS = 30;
/** How long the containers of a pod get that was evicted, or deleted without any grace. */
const FORCED_GRACE_MS = 1_000;
/** A start that takes no longer is not told of before it is over. */
const QUIET_START_MS = 200;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class PodWorker {
  private readonly context: NodeContext;
  private readonly sandbox: PodSandbox;
  private readonly containers: PodContainers;
  private readonly status: StatusWriter;
  private readonly startTime: string;
  private pod: PodObject;
  private attachment: NetworkAttachment | undefined;
  private failure: PodFacts["failure"];
  private scheduled = false;
  private timer: NodeJS.Timeout | undefined;
  private ending: Promise<void> | undefined;
  private released = false;
  /** Nothing of the pod is left but its logs. */
  private isClean = false;
  /** When the containers must be gone of a pod that an earlier run of the program was ending already. */
  private readonly endsAt: number | undefined;

  constructor(context: NodeContext, pod: PodObject) {
    this.context = context;
    this.pod = pod;
    this.startTime = pod.status?.startTime ?? stampOf(context);
    this.sandbox = new PodSandbox(context, pod, { pod: () => this.pod, onRetry: () => this.retry() });
    this.failure = isTerminal(pod) ? undefined : refusalOf(pod, context.pressures.current);
    if (this.failure) context.events.record(pod, "Warning", this.failure.reason, this.failure.message);
    const survivors = context.survivors.take(pod.metadata.uid ?? "");
    const { deletionTimestamp } = pod.metadata;
    this.endsAt = survivors.size > 0 && deletionTimestamp ? Date.parse(deletionTimestamp) : undefined;
    this.containers = new PodContainers({
      ...{ context, pod, survivors, sandbox: this.sandbox },
      current: () => this.pod,
      onChange: () => this.wake(),
      recorded: () => this.recorded(),
    });
    const { name, namespace = "", uid = "" } = pod.metadata;
    this.status = new StatusWriter({
      client: context.client,
      target: { name, namespace, uid },
      onError: (error) => this.complain("pod status cannot be written", error),
      onWritten: (written) => this.update(written),
    });
    this.containers.resume(survivors);
    this.wake();
  }

  get uid(): string {
    return this.pod.metadata.uid ?? "";
  }

  /** The key of the pod's object. */
  get key(): string {
    return keyOf(this.pod);
  }

  /** Settles when the running instance of a container has ended and its log is complete. */
  async containerEnded(name: string): Promise<void> {
    await this.containers.find(name)?.instanceEnded();
  }

  /** A container that runs now. */
  container(name: string): Container | undefined {
    return this.containers.find(name)?.running;
  }

  /** How the pod is connected, while it is. */
  get network(): NetworkAttachment | undefined {
    return this.sandbox.attachment;
  }

  /** What may be asked of it when the node runs short; undefined when nothing of the pod is left to end. */
  get evictable(): EvictablePod | undefined {
    if (this.isClean) return undefined;
    return {
      pod: this.pod,
      isEnding: this.failure !== undefined || isTerminal(this.pod),
      storagePlaces: () => ({
        volumes: this.sandbox.volumes.directory,
        containers: this.containers.storage,
      }),
      memoryUse: async () => new Map(await this.containers.memory()),
      evict: (eviction) => this.evict(eviction),
    };
  }

  private evict({ message, isDisruption }: Eviction): void {
    this.failure ??= { reason: "Evicted", message, isDisruption };
    this.context.events.record(this.pod, "Warning", "Evicted", message);
    this.wake();
  }

  /** Takes in the newest version of the pod object. */
  update(pod: PodObject): void {
    if (Number(pod.metadata.resourceVersion) <= Number(this.pod.metadata.resourceVersion)) return;
    const before = this.pod;
    this.pod = pod;
    this.sandbox.volumes.podChanged(before);
    this.wake();
  }

  /** Plans again soon, once however often it is called until then. */
  wake(): void {
    if (this.scheduled || this.ending) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      if (!this.ending) this.sync();
    });
  }

  private retry(): void {
    this.containers.retry();
    this.wake();
  }

  /** The pod object is gone: ends what still runs and removes every trace. */
  removed(): Promise<void> {
    this.ending ??= this.discard(FORCED_GRACE_MS);
    return this.ending;
  }

  /** The node goes away: ends the containers, but leaves the pod object and its logs as they are. */
  shutdown(graceMs: number): Promise<void> {
    this.ending ??= this.halt(graceMs).then(() => this.sandbox.release());
    return this.ending;
  }

  private sync(): void {
    clearTimeout(this.timer);
    const now = this.context.clock().getTime();
    const { observations } = this.containers;
    const plan = this.failure ? planEnd(this.pod, observations) : planPod(this.pod, observations, now);
    if (plan.failure && !this.failure)
      this.context.events.record(this.pod, "Normal", plan.failure.reason, plan.failure.message);
    this.failure ??= plan.failure;
    for (const action of plan.actions) this.act(action);
    const status = podStatus(this.pod, observations, this.facts(), now);
    if (plan.actions.some(({ kind }) => kind === "finish")) return;
    void this.status.publish(status, isOnItsWay(status) ? QUIET_START_MS : 0);
    if (isTerminal(this.pod) && !this.released)
      this.release().catch((error: unknown) => this.complain("what a pod had cannot be given back", error));
    this.wakeAt(plan.wakeAt, now);
  }

  private act(action: Action): void {
    if (action.kind === "finish") {
      this.ending ??= this.finish().catch((error: unknown) => this.complain("a pod cannot be removed", error));
      return;
    }
    const runner = this.containers.find(action.name);
    if (action.kind === "start") void runner?.start();
    else runner?.stop(this.graceMs());
  }

  /** Resolves when what has changed until now is in the pod's status, or could not be written. */
  private async recorded(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    await this.status.settled();
  }

  private graceMs(): number {
    if (this.failure?.reason === "Evicted") return FORCED_GRACE_MS;
    const { deletionGracePeriodSeconds } = this.pod.metadata;
    const { terminationGracePeriodSeconds = DEFAULT_GRACE_SECONDS } = this.pod.spec;
    if (this.endsAt !== undefined) return Math.max(this.endsAt - this.context.clock().getTime(), 0);
    return (deletionGracePeriodSeconds ?? terminationGracePeriodSeconds) * 1000;
  }

  private facts(): PodFacts {
    this.attachment = this.sandbox.attachment ?? this.attachment;
    return {
      hostIP: this.context.hostIP,
      podIP: this.attachment?.ip,
      startTime: this.startTime,
      hasSandbox: this.sandbox.attachment !== undefined,
      failure: this.failure,
    };
  }

  private wakeAt(planned: number | undefined, now: number): void {
    const at = Math.min(planned ?? Number.POSITIVE_INFINITY, shownUntil(this.containers.observations, now));
    if (at === Number.POSITIVE_INFINITY) return;
    this.timer = setTimeout(() => this.wake(), Math.min(Math.max(at - now, 1), LONGEST_TIMER_MS));
  }

  /** Writes the last status, then lets the object go. */
  private async finish(): Promise<void> {
    const now = this.context.clock().getTime();
    await this.status.publish(podStatus(this.pod, this.containers.observations, this.facts(), now));
    await Promise.all([this.discard(0), deletePod(this.context, this.pod)]);
  }

  private complain(what: string, error: unknown): void {
    this.context.log(what, { error, pod: this.key });
  }

  private async discard(graceMs: number): Promise<void> {
    await this.halt(graceMs);
    await this.sandbox.remove();
  }

  private async halt(graceMs: number): Promise<void> {
    clearTimeout(this.timer);
    if (graceMs > 0) this.status.close();
    await this.containers.end(graceMs);
  }

  private async release(): Promise<void> {
    this.released = true;
    await this.containers.gone();
    await this.sandbox.release();
    this.isClean = true;
    this.wake();
  }
}
