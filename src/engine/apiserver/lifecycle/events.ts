/** Events are kept for an hour after they were last seen. */
import type { Event } from "#api/builtin/types.gen.ts";
import type { Registry } from "../resources/registry.ts";
import type { Core } from "../verbs/write.ts";
import { discard } from "./edit.ts";

const KEPT_MS = 3_600_000;
const INTERVAL_MS = 300_000;

/** Removes old events from time to time; returns the way to stop that. */
export function startEventExpiry(core: Core, registry: Registry): () => void {
  const timer = setInterval(() => {
    expireEvents(core, registry).catch(() => {
      // the store refused the write; the next round tries again
    });
  }, INTERVAL_MS).unref();
  return () => clearInterval(timer);
}

/** Removes the events that are too old now. */
export async function expireEvents(core: Core, registry: Registry): Promise<void> {
  const served = registry.find("", "v1", "events");
  if (!served) return;
  const limit = core.clock().getTime() - KEPT_MS;
  const old = served.collection.range().filter((entry) => lastSeen(entry.object as unknown as Event) < limit);
  await Promise.all(old.map((entry) => discard(core, served, { key: entry.key })));
}

function lastSeen(event: Event): number {
  const times = [
    event.series?.lastObservedTime,
    event.lastTimestamp,
    event.eventTime,
    event.metadata.creationTimestamp,
  ];
  return Math.max(...times.map((time) => (time ? Date.parse(time) : 0)));
}
