/** Runs one container of a pod, one instance after the other, and observes it. */
import { createHash } from "node:crypto";
import { chmod, mkdir, open, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Container as ContainerDefinition, Pod } from "#api/builtin/types.gen.ts";
import { ImageError, type UnpackedImage } from "#ports/oci/image.ts";
import { type Container, type ContainerExit, type Mount, SandboxError } from "#ports/sandbox/runtime.ts";
import { type NodeContext, stampOf } from "./context.ts";
import { runHook } from "./hooks.ts";
import { Backoff, RestartBackoff } from "./plan/backoff.ts";
import type { ContainerObservation } from "./plan/observation.ts";
import { willStart } from "./plan/plan.ts";
import type { PodSandbox, ReadySandbox } from "./pod-sandbox.ts";
import type { ProbeTarget } from "./probe/attempt.ts";
import { ContainerProbes } from "./probe/container-probes.ts";
import { buildContainerSpec } from "./spec/container-spec.ts";
import { resolveEnvironment } from "./spec/environment.ts";
import { containerMounts } from "./spec/volumes.ts";

const MESSAGE_LIMIT = 4096;
const LEAST_GRACE_MS = 2_000;

export type RunnerOptions = {
  context: NodeContext;
  definition: ContainerDefinition;
  observation: ContainerObservation;
  sandbox: PodSandbox;
  /** The pod as it is now. */
  pod: () => Pod;
  /** Called after every change of the observation. */
  onChange: () => void;
};

export class ContainerRunner {
  readonly observation: ContainerObservation;
  private readonly options: RunnerOptions;
  private readonly restarts: RestartBackoff;
  private readonly attempts: Backoff;
  private starting: AbortController | undefined;
  private container: Container | undefined;
  private probes: ContainerProbes | undefined;
  private target: ProbeTarget | undefined;
  private killTimer: NodeJS.Timeout | undefined;
  private killAt = Number.POSITIVE_INFINITY;
  private startup: Promise<void> = Promise.resolve();
  private lifetime: Promise<void> = Promise.resolve();
  private removal: Promise<void> = Promise.resolve();

  constructor(options: RunnerOptions) {
    this.options = options;
    this.observation = options.observation;
    this.restarts = new RestartBackoff(options.context.backoff);
    this.attempts = new Backoff(options.context.backoff);
  }

  /** Starts the next instance; how that goes shows in the observation. Never rejects. */
  start(): Promise<void> {
    this.startup = this.begin();
    return this.startup;
  }

  private async begin(): Promise<void> {
    const { observation } = this;
    this.starting = new AbortController();
    observation.activity = "starting";
    observation.waiting = undefined;
    const instance = observation.everRan ? observation.restartCount + 1 : observation.restartCount;
    try {
      await this.run(instance, this.starting.signal);
    } catch (error) {
      await this.failed(error, instance);
    }
    this.starting = undefined;
    this.options.onChange();
  }

  /** Ends the container: hook, SIGTERM, and SIGKILL after the grace time. A second call can only shorten it. */
  stop(graceMs: number): void {
    this.starting?.abort();
    if (!this.container || this.observation.activity === "exited") return;
    const deadline = this.now() + graceMs;
    if (deadline < this.killAt) this.killBy(deadline, graceMs);
    if (this.observation.activity === "stopping") return;
    this.observation.activity = "stopping";
    this.observation.ready = false;
    this.probes?.stop();
    void this.terminate(this.container, graceMs);
  }

  /** Resolves when the instance that runs now has ended. */
  async instanceEnded(): Promise<void> {
    await this.lifetime;
  }

  /** Resolves when nothing of the container is left on the host. */
  async gone(): Promise<void> {
    await this.startup;
    await this.lifetime;
    await this.removal;
  }

  private async run(instance: number, signal: AbortSignal): Promise<void> {
    const { context, definition, sandbox } = this.options;
    const pod = this.options.pod();
    const [ready, image] = await Promise.all([sandbox.ready(), context.images.unpack(definition.image ?? "", signal)]);
    signal.throwIfAborted();
    this.observation.image = definition.image ?? "";
    this.observation.imageID = image.reference;
    const id = createHash("sha256").update(`${pod.metadata.uid}/${definition.name}/${instance}`).digest("hex");
    const terminationLog = await this.prepareFiles();
    const spec = buildContainerSpec({
      id,
      pod,
      container: definition,
      image,
      env: await this.environment(ready, image),
      mounts: await this.mounts(ready, terminationLog),
      network: ready.attachment,
      remapsPorts: context.network.remapsPorts && !pod.spec.hostNetwork,
      logPath: this.logPath(instance),
    });
    await this.removal;
    const container = await context.runtime.create(spec, signal);
    this.running(container, instance, ready);
    this.lifetime = container.exited.then((exit) => this.exited(container, exit, terminationLog));
    await this.postStart(container);
  }

  private running(container: Container, instance: number, { attachment }: ReadySandbox): void {
    const { context, definition } = this.options;
    const { observation } = this;
    this.container = container;
    this.killAt = Number.POSITIVE_INFINITY;
    observation.last = observation.terminated ?? observation.last;
    observation.terminated = undefined;
    observation.activity = "running";
    observation.everRan = true;
    observation.restartCount = instance;
    observation.startedAt = stampOf(context);
    observation.containerID = `${context.runtime.name}://${container.id}`;
    observation.waiting = undefined;
    this.attempts.reset();
    const { exec } = container;
    this.target = {
      ip: attachment.ip,
      port: (port) => attachment.port(port),
      container: definition,
      ...(exec && { exec: exec.bind(container) }),
    };
    this.probes = this.watch(this.target, observation);
    this.probes.start();
  }

  private watch(target: ProbeTarget, observation: ContainerObservation): ContainerProbes {
    const changed = (change: () => void): void => {
      if (observation.activity !== "running") return;
      change();
      this.options.onChange();
    };
    const listener = {
      onStarted: () =>
        changed(() => {
          observation.started = true;
        }),
      onReady: (ready: boolean) =>
        changed(() => {
          observation.ready = ready;
        }),
      onFailed: (kind: string) => {
        const { name } = this.options.definition;
        this.event("Normal", "Killing", `Container ${name} failed ${kind} probe, will be restarted`);
        this.stop(this.probeGraceMs(kind));
        this.options.onChange();
      },
      onUnhealthy: (kind: string, why: string) =>
        this.event("Warning", "Unhealthy", `${kind[0]?.toUpperCase()}${kind.slice(1)} probe failed: ${why}`),
    };
    return new ContainerProbes(target, listener, () => this.now());
  }

  private probeGraceMs(kind: string): number {
    const { livenessProbe, startupProbe } = this.options.definition;
    const own = (kind === "startup" ? startupProbe : livenessProbe)?.terminationGracePeriodSeconds;
    return (own ?? this.options.pod().spec.terminationGracePeriodSeconds ?? 30) * 1000;
  }

  private async exited(container: Container, exit: ContainerExit, terminationLog: string): Promise<void> {
    const { observation, options } = this;
    this.probes?.stop();
    clearTimeout(this.killTimer);
    const message = exit.startError ?? (await readTail(terminationLog, MESSAGE_LIMIT));
    this.ended(exit, message);
    this.container = undefined;
    this.removal = container
      .remove()
      .catch((error: unknown) =>
        options.context.log("container cannot be removed", { error, container: observation.name }),
      );
    options.onChange();
  }

  /** Records how an instance ended, and when the next one may start. */
  private ended({ code, oomKilled, startError }: ContainerExit, message: string): void {
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
      finishedAt: stampOf(this.options.context),
      ...(containerID && { containerID }),
    };
    const pod = this.options.pod();
    if (pod.metadata.deletionTimestamp || !willStart(pod, observation)) return;
    const ranFor = startedAt ? this.now() - Date.parse(startedAt) : 0;
    const delay = this.restarts.next(ranFor);
    if (delay === 0) return;
    const { uid, namespace } = pod.metadata;
    const what = `restarting failed container=${name} pod=${pod.metadata.name}_${namespace}(${uid})`;
    this.wait("CrashLoopBackOff", `back-off ${duration(delay)} ${what}`, delay);
    this.event(
      "Warning",
      "BackOff",
      `Back-off restarting failed container ${name} in pod ${pod.metadata.name}_${namespace}(${uid})`,
    );
  }

  /** Takes in that an instance could not be started. */
  private async failed(error: unknown, instance: number): Promise<void> {
    const { observation } = this;
    if (this.starting?.signal.aborted) {
      observation.activity = observation.everRan ? "exited" : "none";
      return;
    }
    const message = (error as Error).message;
    if (error instanceof SandboxError && error.reason === "RunContainerError") {
      observation.last = observation.terminated ?? observation.last;
      observation.everRan = true;
      observation.restartCount = instance;
      observation.startedAt = undefined;
      this.ended({ code: 128, oomKilled: false, startError: message }, message);
      if (willStart(this.options.pod(), observation)) this.wait("RunContainerError", message, this.attempts.next());
    } else {
      observation.activity = observation.everRan ? "exited" : "none";
      const known = error instanceof ImageError || error instanceof SandboxError;
      this.wait(known ? error.reason : "CreateContainerError", message, this.attempts.next());
    }
    const { definition } = this.options;
    const isPull = error instanceof ImageError;
    this.event(
      "Warning",
      "Failed",
      isPull ? `Failed to pull image "${definition.image}": ${message}` : `Error: ${message}`,
    );
  }

  private wait(reason: string, message: string, delayMs: number): void {
    const now = this.now();
    this.observation.waiting = { reason, message };
    this.observation.waitingSince = now;
    this.observation.notBefore = now + delayMs;
  }

  private async terminate(container: Container, graceMs: number): Promise<void> {
    const hook = this.options.definition.lifecycle?.preStop;
    if (hook && this.target && graceMs > 0) {
      const limit = Math.max(graceMs - LEAST_GRACE_MS, 0);
      const why = await runHook(hook, this.target, { limitMs: limit, ended: container.exited });
      if (why !== undefined) this.event("Warning", "FailedPreStopHook", "PreStopHook failed");
    }
    container.kill("SIGTERM");
  }

  private async postStart(container: Container): Promise<void> {
    const hook = this.options.definition.lifecycle?.postStart;
    if (!hook || !this.target) return;
    const why = await runHook(hook, this.target, { limitMs: undefined, ended: container.exited });
    if (why === undefined) return;
    this.event("Warning", "FailedPostStartHook", "PostStartHook failed");
    this.stop(this.probeGraceMs("liveness"));
  }

  private killBy(deadline: number, graceMs: number): void {
    this.killAt = deadline;
    clearTimeout(this.killTimer);
    this.killTimer = setTimeout(() => this.container?.kill("SIGKILL"), graceMs);
  }

  private async environment(ready: ReadySandbox, image: UnpackedImage): Promise<Record<string, string>> {
    const { context, definition } = this.options;
    const { hostIP, nodeName, references } = context;
    const running = { pod: this.options.pod(), podIP: ready.attachment.ip, hostIP, nodeName };
    const imageEnv = image.config.config?.Env ?? [];
    return await resolveEnvironment({ container: definition, running, references, imageEnv });
  }

  private async mounts(ready: ReadySandbox, terminationLog: string): Promise<Mount[]> {
    const { definition } = this.options;
    const own = await containerMounts(definition, ready.volumes);
    const target = definition.terminationMessagePath || "/dev/termination-log";
    const usual = [...ready.mounts, { source: terminationLog, target, readOnly: false }];
    return [...usual.filter((mount) => !own.some((other) => other.target === mount.target)), ...own];
  }

  private async prepareFiles(): Promise<string> {
    const directory = join(this.options.sandbox.directory, this.options.definition.name);
    await mkdir(directory, { recursive: true });
    const terminationLog = join(directory, "termination-log");
    await rm(terminationLog, { force: true });
    await writeFile(terminationLog, "");
    await chmod(terminationLog, 0o666);
    return terminationLog;
  }

  private logPath(instance: number): string {
    return join(this.options.sandbox.directory, this.options.definition.name, `${instance}.log`);
  }

  private event(type: "Normal" | "Warning", reason: string, message: string): void {
    this.options.context.events.record(this.options.pod(), type, reason, message);
  }

  private now(): number {
    return this.options.context.clock().getTime();
  }
}

/** `10s`, `2m40s`: as Go prints durations. */
function duration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}

async function readTail(path: string, limit: number): Promise<string> {
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    const length = Math.min(size, limit);
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString();
  } catch {
    return "";
  }
}
