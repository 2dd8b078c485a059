/** Runs one container of a pod, one instance after the other, and observes it. */
import { join } from "node:path";
import type { Container as ContainerDefinition, Pod } from "#api/builtin/types.gen.ts";
import { type NetworkAttachment, NO_NETWORK } from "#ports/sandbox/network/network.ts";
import type { Container, ContainerExit, ContainerSpec, Signal } from "#ports/sandbox/runtime.ts";
import { type HookSubject, preStopOf, runPostStart } from "./container-hooks.ts";
import { setUpInstance } from "./container-setup.ts";
import type { NodeContext } from "./context.ts";
import { memoryUse } from "./eviction/memory-use.ts";
import type { StoragePlaces } from "./eviction/storage-use.ts";
import { filesOf, type InstanceFiles, readTerminationMessage } from "./instance-files.ts";
import type { ContainerObservation } from "./plan/observation.ts";
import type { PodSandbox } from "./pod-sandbox.ts";
import type { ProbeTarget } from "./probe/attempt.ts";
import { ContainerProbes } from "./probe/container-probes.ts";
import { Recorder } from "./recorder.ts";
import { limitationsOf } from "./spec/limitations.ts";
import type { SurvivingInstance } from "./survivors.ts";
import { Termination } from "./termination.ts";
import { pullImageVolumes } from "./volumes/image-volumes.ts";

export type RunnerOptions = {
  context: NodeContext;
  definition: ContainerDefinition;
  observation: ContainerObservation;
  sandbox: PodSandbox;
  /** The pod as it is now. */
  pod: () => Pod;
  /** Called after every change of the observation. */
  onChange: () => void;
  /** Settles when the containers have ended that must end before this one; undefined when there are none. */
  turn: () => Promise<unknown> | undefined;
  /** Resolves when the API knows of the last change, or could not be told. */
  recorded: () => Promise<void>;
};

export class ContainerRunner {
  readonly observation: ContainerObservation;
  private readonly options: RunnerOptions;
  private readonly recorder: Recorder;
  private starting: AbortController | undefined;
  private container: Container | undefined;
  private probes: ContainerProbes | undefined;
  private network: NetworkAttachment = NO_NETWORK;
  private termination: Termination | undefined;
  private stopSignal: Signal = "SIGTERM";
  private hookFailed = false;
  private freeLayers: () => void = () => undefined;
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

  /** What the last start failed for may be there now. */
  retry(): void {
    this.recorder.unblock();
  }

  /** Ends the container within the grace time. A second call can only shorten it. `why`: what its event says. */
  stop(graceMs: number, why = `Stopping container ${this.options.definition.name}`): void {
    this.starting?.abort();
    if (!this.container || this.observation.activity === "exited") return;
    if (this.termination) {
      this.termination.hurry(graceMs);
      return;
    }
    this.observation.activity = "stopping";
    this.observation.ready = false;
    this.probes?.stop();
    this.event("Normal", "Killing", why);
    this.termination = this.terminate(this.container, graceMs);
  }

  /** The instance that runs now. */
  get running(): Container | undefined {
    return this.container;
  }

  /** Where its files are that count as the pod's: logs, and what it has written into its image. */
  get storage(): StoragePlaces["containers"][number] {
    const { definition, sandbox } = this.options;
    const { name } = definition;
    return { name, logs: join(sandbox.directory, name), writable: this.container?.writable };
  }

  /** Its name, and the bytes that it works with. */
  async memory(): Promise<[name: string, bytes: number]> {
    const { container, options } = this;
    return [options.definition.name, container ? await memoryUse(container.pid, container.id) : 0];
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
    const [ready, image, imageVolumes] = await Promise.all([
      sandbox.ready(),
      context.images.pull(pod, definition, signal),
      pullImageVolumes(pod, definition, context.images, signal),
    ]);
    signal.throwIfAborted();
    this.observation.imageID = image.reference;
    this.freeLayers();
    this.freeLayers = context.layerUse.hold([...image.layers, ...[...imageVolumes.values()].map(({ path }) => path)]);
    const { spec, files } = await setUpInstance({
      ...{ context, pod, definition, instance, image },
      ready: { ...ready, volumes: new Map([...ready.volumes, ...imageVolumes]) },
      directory: sandbox.directory,
    });
    for (const sentence of limitationsOf(pod, definition, context.runtime))
      this.event("Warning", "NotEnforced", sentence);
    await this.removal;
    const container = await context.runtime.create(spec, signal);
    if (signal.aborted) await container.remove();
    signal.throwIfAborted();
    this.event("Normal", "Created", `Created container: ${definition.name}`);
    this.event("Normal", "Started", `Started container ${definition.name}`);
    this.recorder.running(instance, this.urlOf(container));
    this.attend(container, spec);
    this.lifetime = container.exited.then((exit) => this.exited(container, exit, files));
    if (!(await runPostStart(this.hookSubject(container)))) this.hookHasFailed();
  }

  /** Takes over an instance of an earlier run of the program, as its observation says. */
  resume({ container, spec, instance }: SurvivingInstance): void {
    const { context, definition, sandbox } = this.options;
    this.freeLayers = context.layerUse.hold([...spec.rootfs.layers, ...spec.mounts.map(({ source }) => source)]);
    this.recorder.resumed(this.urlOf(container));
    this.attend(container, spec, this.observation);
    const files = filesOf(join(sandbox.directory, definition.name), instance);
    this.lifetime = container.exited.then((exit) => this.exited(container, exit, files));
  }

  private attend(container: Container, spec: ContainerSpec, known?: ContainerObservation): void {
    this.container = container;
    this.network = spec.network;
    this.termination = undefined;
    this.hookFailed = false;
    this.stopSignal = spec.stopSignal ?? "SIGTERM";
    this.probes = this.watch(this.targetOf(container), this.observation);
    this.probes.start(known);
  }

  private targetOf(container: Container): ProbeTarget {
    const { network } = this;
    return {
      sockets: this.options.context.network.sockets,
      ip: network.ip,
      port: (port) => network.port(port),
      container: this.options.definition,
      exec: (args, options) => container.exec(args, options),
    };
  }

  private urlOf({ id }: Container): string {
    return `${this.options.context.runtime.name}://${id}`;
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
        this.stop(this.probeGraceMs(kind), `Container ${name} failed ${kind} probe, will be restarted`);
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
    const message = exit.startError ?? (await readTerminationMessage(files, policy, exit.code));
    this.recorder.ended(exit, message, { hookFailed: this.hookFailed });
    this.container = undefined;
    this.freeLayers();
    options.onChange();
    // An end that nobody has heard of must be found again after a crash.
    this.removal = options
      .recorded()
      .then(() => container.remove())
      .catch((error: unknown) =>
        options.context.log("container cannot be removed", { error, container: observation.name }),
      );
  }

  private terminate(container: Container, graceMs: number): Termination {
    const hook = preStopOf(this.hookSubject(container), graceMs);
    return new Termination({
      ...{ container, graceMs, signal: this.stopSignal, turn: this.options.turn(), now: () => this.now() },
      ...(hook && { hook }),
    });
  }

  private hookSubject(container: Container): HookSubject {
    const { definition } = this.options;
    const target = this.targetOf(container);
    return { definition, container, target, warn: (reason, message) => this.event("Warning", reason, message) };
  }

  private hookHasFailed(): void {
    this.hookFailed = true;
    const { terminationGracePeriodSeconds = 30 } = this.options.pod().spec;
    this.stop(terminationGracePeriodSeconds * 1000, "FailedPostStartHook");
  }

  private event(type: "Normal" | "Warning", reason: string, message: string): void {
    const { context, definition, pod } = this.options;
    context.events.record(pod(), type, reason, message, definition.name);
  }

  private now(): number {
    return this.options.context.clock().getTime();
  }
}
