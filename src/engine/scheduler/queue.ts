/** The pods that wait for a node: those to try next, and those that wait for something to change. */
import type { Pod } from "#api/builtin/types.gen.ts";
import { deepEqual } from "#kit/json.ts";
import type { ChangeKind } from "./filters/filter.ts";

type Entry = {
  pod: Pod;
  attempts: number;
  /** Not tried again before, in milliseconds. */
  notBefore: number;
  /** What has to change first; undefined for pods that are to be tried. */
  waitsFor?: ReadonlySet<ChangeKind> | undefined;
};

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 10_000;

/** Pods by uid. A pod that failed is tried again when a change may help it, at first at once, then later and later. */
export class PodQueue {
  private readonly entries = new Map<string, Entry>();

  /** Adds a pod, or takes in its newest version: what it asks for may have changed. */
  add(pod: Pod): void {
    const uid = pod.metadata.uid ?? "";
    const known = this.entries.get(uid);
    if (!known) this.entries.set(uid, { pod, attempts: 0, notBefore: 0 });
    else {
      if (asksForOther(known.pod, pod)) known.waitsFor = undefined;
      known.pod = pod;
    }
  }

  remove({ metadata: { uid = "" } }: Pod): void {
    this.entries.delete(uid);
  }

  /** The pods whose turn it is: by priority, then by age. */
  next(now: number): Pod[] {
    return [...this.entries.values()]
      .filter(({ waitsFor, notBefore }) => waitsFor === undefined && notBefore <= now)
      .map(({ pod }) => pod)
      .sort(byPriorityAndAge);
  }

  /** When the next pod has waited long enough; undefined when none does. */
  wakeAt(): number | undefined {
    const times = [...this.entries.values()].flatMap(({ waitsFor, notBefore }) => (waitsFor ? [] : [notBefore]));
    return times.length > 0 ? Math.min(...times) : undefined;
  }

  /** The pod could not be placed: it waits for a change of one of these kinds. */
  refused({ metadata: { uid = "" } }: Pod, waitsFor: ReadonlySet<ChangeKind>, now: number): void {
    const entry = this.entries.get(uid);
    if (!entry) return;
    entry.waitsFor = waitsFor;
    entry.notBefore = now + (entry.attempts === 0 ? 0 : delayAfter(entry.attempts));
    entry.attempts += 1;
  }

  /** The pod was given a node, but that could not be written: it is tried again later. */
  failed(pod: Pod, now: number): void {
    this.add(pod);
    this.refused(pod, new Set(), now);
    const entry = this.entries.get(pod.metadata.uid ?? "");
    if (entry) Object.assign(entry, { waitsFor: undefined, notBefore: now + FIRST_DELAY_MS });
  }

  /** Something changed: pods that wait for it are to be tried. True when there are any. */
  changed(kind: ChangeKind): boolean {
    let any = false;
    for (const entry of this.entries.values()) {
      if (!entry.waitsFor?.has(kind)) continue;
      entry.waitsFor = undefined;
      any = true;
    }
    return any;
  }
}

function delayAfter(attempts: number): number {
  return Math.min(FIRST_DELAY_MS * 2 ** (attempts - 1), LONGEST_DELAY_MS);
}

function asksForOther(before: Pod, after: Pod): boolean {
  return !deepEqual(before.spec, after.spec) || !deepEqual(before.metadata.labels, after.metadata.labels);
}

function byPriorityAndAge(left: Pod, right: Pod): number {
  const priority = (right.spec.priority ?? 0) - (left.spec.priority ?? 0);
  if (priority !== 0) return priority;
  const [before, after] = [left.metadata.creationTimestamp ?? "", right.metadata.creationTimestamp ?? ""];
  return before < after ? -1 : before > after ? 1 : 0;
}
