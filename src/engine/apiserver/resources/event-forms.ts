/** Events have two forms of the same thing: that of the core group, in which they are stored, and that of events.k8s.io. */
import type { Unstructured } from "#api/meta.ts";
import type { Conversion } from "./served.ts";

/** Fields by their name in the core group, with their name in events.k8s.io. */
const NAMES: readonly (readonly [core: string, newer: string])[] = [
  ["involvedObject", "regarding"],
  ["message", "note"],
  ["source", "deprecatedSource"],
  ["firstTimestamp", "deprecatedFirstTimestamp"],
  ["lastTimestamp", "deprecatedLastTimestamp"],
  ["count", "deprecatedCount"],
  ["reportingComponent", "reportingController"],
];
const TO_NEWER = new Map(NAMES);
const TO_CORE = new Map(NAMES.map(([core, newer]) => [newer, core]));

/** What the older form says even when there is nothing to say. */
const ALWAYS = ["reportingController", "reportingInstance"];

function renamed(object: Unstructured, names: ReadonlyMap<string, string>): Unstructured {
  return Object.fromEntries(
    Object.entries(object).map(([field, value]) => [names.get(field) ?? field, value]),
  ) as Unstructured;
}

/** The form of events.k8s.io, of objects that are stored in that of the core group. */
export const EVENT_CONVERSION: Conversion = {
  storageApiVersion: "v1",
  read: (stored) => {
    const event: Unstructured = { ...renamed(stored, TO_NEWER), apiVersion: "events.k8s.io/v1" };
    for (const field of ALWAYS) if (event[field] === "") delete event[field];
    return event;
  },
  write: (draft) => {
    const event: Unstructured = { ...renamed(draft, TO_CORE), apiVersion: "v1" };
    event.reportingComponent ??= "";
    event.reportingInstance ??= "";
    return event;
  },
};
