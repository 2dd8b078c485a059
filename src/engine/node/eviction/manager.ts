/** Ends pods that use more than they may, and, when the machine runs short, those that use most. */
import type { Pod } from "#api/builtin/types.gen.ts";
import type { NodeEvents } from "../events.ts";
import type { Headroom } from "../registration/machine.ts";
import { exceededLimit, hasStorageLimits } from "./limits.ts";
import type { Pressures } from "./pressures.ts";
import { type Candidate, evictionMessage, rankForEviction } from "./rank.ts";
import { measureStorage, type StoragePlaces, type StorageUse } from "./storage-use.ts";
import { type Shortage, shortagesOf } from "./thresholds.ts";

/** A pod whose containers may run, as its worker has it. */
export interface EvictablePod {
  readonly pod: Pod;
  /** Evicted already, and not yet gone. */
  readonly isEnding: boolean;
  storagePlaces(): StoragePlaces;
  /** Bytes that its containers work with, by name. */
  memoryUse(): Promise<ReadonlyMap<string, number>>;
  evict(eviction: Eviction): void;
}

/** `isDisruption`: not the pod's own fault; others are told so by a condition. */
export type Eviction = { message: string; isDisruption: boolean };

export type EvictionOptions = {
  measure: () => Promise<Headroom>;
  pods: () => readonly EvictablePod[];
  pressures: Pressures;
  /** Frees disk space that no pod needs. */
  reclaim: () => Promise<void>;
  /** Called when the node has come under pressure, or out of it. */
  onChange: () => Promise<void>;
  events: Pick<NodeEvents, "recordNode">;
  clock: () => Date;
  intervalMs: number;
  onError: (error: unknown) => void;
};

export class EvictionManager {
  private readonly options: EvictionOptions;
  private timer: NodeJS.Timeout | undefined;
  private working: Promise<void> = Promise.resolve();
  private closed = false;

  constructor(options: EvictionOptions) {
    this.options = options;
    this.schedule();
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.working;
  }

  private schedule(): void {
    if (this.closed) return;
    this.timer = setTimeout(() => {
      this.working = this.check()
        .catch(this.options.onError)
        .finally(() => this.schedule());
    }, this.options.intervalMs);
    this.timer.unref();
  }

  private async check(): Promise<void> {
    await this.enforceLimits();
    const { events, reclaim } = this.options;
    let shortages = await this.observe();
    if (shortages.length === 0) return;
    for (const { resource } of shortages)
      events.recordNode("Warning", "EvictionThresholdMet", `Attempting to reclaim ${resource}`);
    if (shortages.some(({ condition }) => condition === "DiskPressure")) {
      await reclaim();
      shortages = await this.observe();
    }
    // One at a time: what the last one has freed shows only when it is gone.
    if (this.options.pods().some(({ isEnding }) => isEnding)) return;
    for (const shortage of shortages) if (await this.evictOne(shortage)) return;
  }

  private async observe(): Promise<Shortage[]> {
    const { measure, pressures, clock, onChange } = this.options;
    const shortages = shortagesOf(await measure());
    if (pressures.observe(shortages, clock().getTime())) await onChange();
    return shortages;
  }

  private async enforceLimits(): Promise<void> {
    for (const each of this.options.pods()) {
      if (each.isEnding || !hasStorageLimits(each.pod)) continue;
      const message = exceededLimit(each.pod, await measureStorage(each.storagePlaces()));
      if (message) each.evict({ message, isDisruption: false });
    }
  }

  /** True when there was a pod whose end helps. */
  private async evictOne(shortage: Shortage): Promise<boolean> {
    if (shortage.resource === "pids") return false;
    const pods = this.options.pods();
    const uses = await Promise.all(pods.map((each) => useOf(each, shortage.resource)));
    const candidates = pods.map(({ pod }, index) => ({ pod, use: uses[index] ?? new Map<string, number>() }));
    const [first] = rankForEviction(candidates, shortage.resource);
    const victim = pods.find(({ pod }) => pod === first?.pod);
    if (!first || !victim) return false;
    victim.evict({ message: evictionMessage(first, shortage), isDisruption: true });
    return true;
  }
}

async function useOf(pod: EvictablePod, resource: Shortage["resource"]): Promise<Candidate["use"]> {
  if (resource === "memory") return await pod.memoryUse();
  return byContainer(await measureStorage(pod.storagePlaces()));
}

function byContainer({ volumes, containers }: StorageUse): Candidate["use"] {
  const shared = [...volumes.values()].reduce((sum, bytes) => sum + bytes, 0);
  const own = [...containers].map(([name, { logs, writable }]) => [name, logs + writable] as const);
  return new Map([...own, ["", shared]]);
}
