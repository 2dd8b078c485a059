/** Records what happens to one container in its observation, and when it may be started again. */
import type { Pod } from "#api/builtin/types.gen.ts";
import type { EventType } from "#engine/controller/controller.ts";
import { ImageError } from "#ports/oci/image.ts";
import { type ContainerExit, SandboxError } from "#ports/sandbox/runtime.ts";
import { type NodeContext, stampOf } from "./context.ts";
import { Backoff, RestartBackoff } from "./plan/backoff.ts";
import type { ContainerObservation } from "./plan/observation.ts";
import { willStart } from "./plan/plan.ts";
import { VolumeError } from "./volumes/volume.ts";

const START_FAILED = 128;
/** How soon a volume that cannot be had is tried again when nothing tells that it can. */
const MOUNT_BACKOFF = { initialMs: 500, maxMs: 122_000 };

export class Recorder {
  private readonly context: NodeContext;
  private readonly observation: ContainerObservation;
  private readonly pod: () => Pod;
  private readonly restarts: RestartBackoff;
  private readonly attempts: Backoff;
  private readonly mounts = new Backoff(MOUNT_BACKOFF);
  /** In milliseconds; stamps are of whole seconds. */
  private runningSince = 0;
  private blocked = false;
  private overtaken = false;

  constructor(options: { context: NodeContext; observation: ContainerObservation; pod: () => Pod }) {
    this.context = options.context;
    this.observation = options.observation;
    this.pod = options.pod;
    this.restarts = new RestartBackoff(options.context.backoff);
    this.attempts = new Backoff(options.context.backoff);
  }

  /** The next instance is on its way; returns its number. */
  starting(): number {
    const { observation } = this;
    observation.activity = "starting";
    observation.waiting = undefined;
    this.overtaken = false;
    return observation.everRan ? observation.restartCount + 1 : observation.restartCount;
  }

  running(instance: number, containerID: string): void {
    const { observation } = this;
    this.counted(instance);
    observation.terminated = undefined;
    observation.activity = "running";
    observation.startedAt = stampOf(this.context);
    this.runningSince = this.now();
    observation.containerID = containerID;
    observation.waiting = undefined;
    this.attempts.reset();
    this.mounts.reset();
  }

  /** An instance of an earlier run of the program goes on. */
  resumed(containerID: string): void {
    const { observation } = this;
    observation.containerID = containerID;
    this.runningSince = Date.parse(observation.startedAt ?? "");
  }

  /** How an instance ended, and when the next one may start. */
  ended(
    { code, oomKilled, startError }: ContainerExit,
    message: string,
    { hookFailed }: { hookFailed: boolean } = { hookFailed: false },
  ): void {
    const { observation } = this;
    const { startedAt, containerID, name } = observation;
    const reason = startError ? "StartError" : oomKilled ? "OOMKilled" : code === 0 ? "Completed" : "Error";
    observation.activity = "exited";
    observation.started = false;
    observation.ready = false;
    observation.terminated = {
      exitCode: code,
      reason,
      ...(message && { message }),
      ...(startedAt && { startedAt }),
      finishedAt: stampOf(this.context),
      ...(containerID && { containerID }),
    };
    const pod = this.pod();
    if (pod.metadata.deletionTimestamp || !willStart(pod, observation)) return;
    if (hookFailed) {
      this.wait("PostStartHookError", "PostStartHook failed", this.attempts.next());
      return;
    }
    const delay = this.restarts.next(startedAt ? this.now() - this.runningSince : 0);
    if (delay === 0) return;
    const where = `${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`;
    this.wait(
      "CrashLoopBackOff",
      `back-off ${duration(delay)} restarting failed container=${name} pod=${where}`,
      delay,
    );
    this.event("BackOff", `Back-off restarting failed container ${name} in pod ${where}`);
  }

  /** An instance could not be started. */
  failed(error: unknown, instance: number): void {
    const { observation } = this;
    const message = (error as Error).message;
    if (error instanceof VolumeError) {
      this.block();
      return;
    }
    if (error instanceof SandboxError && error.reason === "RunContainerError") {
      this.counted(instance);
      observation.startedAt = undefined;
      this.ended({ code: START_FAILED, oomKilled: false, startError: message }, message);
      if (willStart(this.pod(), observation)) this.wait(error.reason, message, this.attempts.next());
    } else {
      this.abandoned();
      const known = error instanceof ImageError || error instanceof SandboxError;
      this.wait(known ? error.reason : "CreateContainerError", message, this.attempts.next());
    }
    if (error instanceof ImageError) this.pullFailed(error);
    else this.event("Failed", `Error: ${message}`);
  }

  private pullFailed({ reason, message }: ImageError): void {
    const { image } = this.observation;
    if (reason === "ErrImagePull") this.event("Failed", `Failed to pull image "${image}": ${message}`);
    this.event("Failed", `Error: ${reason}`);
    if (reason !== "ErrImagePull") return;
    this.event("BackOff", `Back-off pulling image "${image}"`, "Normal");
    this.event("Failed", "Error: ImagePullBackOff");
  }

  /** Volumes that could not be had may be there now: also those that a start is just about to miss. */
  unblock(): void {
    if (this.blocked) this.observation.notBefore = undefined;
    this.blocked = false;
    this.overtaken = true;
  }

  /** The container goes on waiting as if nothing had been tried; the volume's own event says why. */
  private block(): void {
    this.abandoned();
    if (this.overtaken) return;
    this.blocked = true;
    this.observation.notBefore = this.now() + this.mounts.next();
  }

  /** A start was given up: the container is as it was before. */
  abandoned(): void {
    this.observation.activity = this.observation.everRan ? "exited" : "none";
  }

  private counted(instance: number): void {
    const { observation } = this;
    observation.last = observation.terminated ?? observation.last;
    observation.everRan = true;
    observation.restartCount = instance;
  }

  private wait(reason: string, message: string, delayMs: number): void {
    const now = this.now();
    this.observation.waiting = { reason, message };
    this.observation.waitingSince = now;
    this.observation.notBefore = now + delayMs;
  }

  private event(reason: string, message: string, type: EventType = "Warning"): void {
    this.context.events.record(this.pod(), type, reason, message, this.observation.name);
  }

  private now(): number {
    return this.context.clock().getTime();
  }
}

/** `10s`, `2m40s`: as Go prints durations. */
function duration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
