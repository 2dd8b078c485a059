/** What the owner's status says of one step. */
import type { Workload } from "#api/carto.run/workload.ts";

export type ResourceStatus = NonNullable<NonNullable<Workload["status"]>["resources"]>[number];

/** Digests, by resource, of the outputs that a step's object was last stamped with, where the status says them. Pure. */
export function stampedFrom(entry: ResourceStatus | undefined): Record<string, string | undefined> {
  return Object.fromEntries((entry?.inputs ?? []).map(({ name, digest }) => [name, digest]));
}
