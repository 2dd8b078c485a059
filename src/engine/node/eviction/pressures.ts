/** Under which pressures the node is: for a while longer than it runs short, so that it does not change its mind all the time. */
import type { PressureCondition, Shortage } from "./thresholds.ts";

export class Pressures {
  private readonly holdMs: number;
  private readonly lastSeen = new Map<PressureCondition, number>();
  private conditions: readonly PressureCondition[] = [];

  /** `holdMs`: how long a pressure stays after its last shortage. */
  constructor(holdMs: number) {
    this.holdMs = holdMs;
  }

  /** The conditions that are true now, sorted. */
  get current(): readonly PressureCondition[] {
    return this.conditions;
  }

  /** Takes in what has run short; true when the conditions have changed. */
  observe(shortages: readonly Shortage[], nowMs: number): boolean {
    for (const { condition } of shortages) this.lastSeen.set(condition, nowMs);
    for (const [condition, at] of this.lastSeen) if (nowMs - at > this.holdMs) this.lastSeen.delete(condition);
    const before = this.conditions.join();
    this.conditions = [...this.lastSeen.keys()].sort();
    return this.conditions.join() !== before;
  }
}
