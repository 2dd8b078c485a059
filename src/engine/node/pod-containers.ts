/** The containers of one pod, in the order of their start. */
import type { Pod } from "#api/builtin/types.gen.ts";
import { ContainerRunner } from "./container-runner.ts";
import { type NodeContext, stampOf } from "./context.ts";
import type { StoragePlaces } from "./eviction/storage-use.ts";
import { type ContainerObservation, containersOf, observePod } from "./plan/observation.ts";
import type { PodSandbox } from "./pod-sandbox.ts";
import { FIRST_PROCESS, knownInstances, type SurvivingInstance } from "./survivors.ts";

export type PodContainersOptions = {
  context: NodeContext;
  /** The pod as it was found, and what of it was already there. */
  pod: Pod;
  survivors: ReadonlyMap<string, SurvivingInstance>;
  sandbox: PodSandbox;
  /** The pod as it is now. */
  current: () => Pod;
  /** Called after every change of an observation. */
  onChange: () => void;
  /** Resolves when the API knows of the last change, or could not be told. */
  recorded: () => Promise<void>;
};

export class PodContainers {
  readonly observations: readonly ContainerObservation[];
  private readonly sandbox: PodSandbox;
  private readonly runners: readonly ContainerRunner[];

  constructor({ context, pod, survivors, sandbox, current, onChange, recorded }: PodContainersOptions) {
    this.sandbox = sandbox;
    const observations = observePod(pod, stampOf(context), knownInstances(survivors));
    this.observations = observations;
    this.runners = containersOf(pod).map(({ container: definition }, index) => {
      const observation = observations[index] as ContainerObservation;
      const turn = (): Promise<unknown> | undefined => this.turnOf(index);
      return new ContainerRunner({ context, definition, observation, sandbox, pod: current, onChange, turn, recorded });
    });
  }

  find(name: string): ContainerRunner | undefined {
    return this.runners.find(({ observation }) => observation.name === name);
  }

  /** Where their files are that count as the pod's. */
  get storage(): StoragePlaces["containers"] {
    return this.runners.map((runner) => runner.storage);
  }

  /** The bytes that each works with, by name. */
  async memory(): Promise<[name: string, bytes: number][]> {
    return await Promise.all(this.runners.map((runner) => runner.memory()));
  }

  /** What starts have failed for may be there now. */
  retry(): void {
    for (const runner of this.runners) runner.retry();
  }

  /** Takes over what an earlier run of the program has left. */
  resume(survivors: ReadonlyMap<string, SurvivingInstance>): void {
    const [first] = survivors.values();
    if (first) this.sandbox.resume(first.spec.network, survivors.get(FIRST_PROCESS)?.container);
    for (const runner of this.runners) {
      const survivor = survivors.get(runner.observation.name);
      if (survivor) runner.resume(survivor);
    }
  }

  /** Ends those that run, each within the grace time. Resolves when nothing of them is left on the host. */
  async end(graceMs: number): Promise<void> {
    for (const runner of this.runners) runner.stop(graceMs);
    await this.gone();
  }

  /** Resolves when nothing of them is left on the host. */
  async gone(): Promise<void> {
    await Promise.all(this.runners.map((runner) => runner.gone()));
  }

  /** Sidecars end after the main containers, and in the reverse order of their start. */
  private turnOf(index: number): Promise<unknown> | undefined {
    if (this.runners[index]?.observation.role !== "sidecar") return undefined;
    const before = this.runners.filter(
      ({ observation: { role } }, other) => role === "main" || (role === "sidecar" && other > index),
    );
    return Promise.all(before.map((runner) => runner.instanceEnded()));
  }
}
