/** Runs one container of a pod, one instance after the other, and observes it. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Container as ContainerDefinition, Pod } from "#api/builtin/types.gen.ts";
import type { UnpackedImage } from "#ports/oci/image.ts";
import type { Container, ContainerExit, Mount } from "#ports/sandbox/runtime.ts";
import type { NodeContext } from "./context.ts";
import { runHook } from "./hooks.ts";
import { type InstanceFiles, prepareFiles, readTerminationMessage } from "./instance-files.ts";
import type { ContainerObservation } from "./plan/observation.ts";
import type { PodSandbox, ReadySandbox } from "./pod-sandbox.ts";
import type { ProbeTarget } from "./probe/attempt.ts";
import { ContainerProbes } from "./probe/container-probes.ts";
import { Recorder } from "./recorder.ts";
import { buildContainerSpec } from "./spec/container-spec.ts";
import { resolveEnvironment } from "./spec/environment.ts";
import { containerMounts } from "./spec/volumes.ts";

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
  private readonly recorder: Recorder;
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
    this.recorder = new Recorder(options);
  }

  /** Starts the next instance; how that goes shows in the observation. Never rejects. */
  start(): Promise<void> {
    this.startup = this.begin();
    return this.startup;
  }

  private async begin(): Promise<void> {
    const stop = new AbortController();
    this.starting = stop;
    const instance = this.recorder.starting();
    try {
      await this.run(instance, stop.signal);
    } catch (error) {
      if (stop.signal.aborted) this.recorder.abandoned();
      else this.recorder.failed(error, instance);
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
    this.observation.image = definition.image ?? "";
    const [ready, image] = await Promise.all([sandbox.ready(), context.images.unpack(definition.image ?? "", signal)]);
    signal.throwIfAborted();
    this.observation.imageID = image.reference;
    const files = await prepareFiles(join(sandbox.directory, definition.name), instance);
    const spec = buildContainerSpec({
      id: createHash("sha256").update(`${pod.metadata.uid}/${definition.name}/${instance}`).digest("hex"),
      pod,
      container: definition,
      image,
      env: await this.environment(ready, image),
      mounts: await this.mounts(ready, files.terminationLog),
      network: ready.attachment,
      remapsPorts: context.network.remapsPorts && !pod.spec.hostNetwork,
      logPath: files.log,
    });
    await this.removal;
    const container = await context.runtime.create(spec, signal);
    if (signal.aborted) await container.remove();
    signal.throwIfAborted();
    this.running(container, instance, ready);
    this.lifetime = container.exited.then((exit) => this.exited(container, exit, files));
    await this.postStart(container);
  }

  private running(container: Container, instance: number, { attachment }: ReadySandbox): void {
    const { context, definition } = this.options;
    this.container = container;
    this.killAt = Number.POSITIVE_INFINITY;
    this.recorder.running(instance, `${context.runtime.name}://${container.id}`);
    const { exec } = container;
    this.target = {
      ip: attachment.ip,
      port: (port) => attachment.port(port),
      container: definition,
      ...(exec && { exec: exec.bind(container) }),
    };
    this.probes = this.watch(this.target, this.observation);
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

  private async exited(container: Container, exit: ContainerExit, files: InstanceFiles): Promise<void> {
    const { observation, options } = this;
    const policy = options.definition.terminationMessagePolicy;
    this.probes?.stop();
    clearTimeout(this.killTimer);
    this.recorder.ended(exit, exit.startError ?? (await readTerminationMessage(files, policy, exit.code)));
    this.container = undefined;
    this.removal = container
      .remove()
      .catch((error: unknown) =>
        options.context.log("container cannot be removed", { error, container: observation.name }),
      );
    options.onChange();
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

  private event(type: "Normal" | "Warning", reason: string, message: string): void {
    this.options.context.events.record(this.options.pod(), type, reason, message);
  }

  private now(): number {
    return this.options.context.clock().getTime();
  }
}
