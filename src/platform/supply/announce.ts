/** The events about a pass: outputs and health of steps that changed. Pure. */
import { type Conditioned, findCondition } from "#kit/conditions.ts";
import type { ResourceStatus } from "./resource-status.ts";

export type Announcement = { reason: "ResourceOutputChanged" | "ResourceHealthyStatusChanged"; message: string };

/**
 * What an owner's `status.resources` says otherwise than before. Steps whose object was applied in this very pass are
 * left out: their events say so already.
 */
export function announcements(
  before: readonly ResourceStatus[],
  after: readonly ResourceStatus[],
  applied: ReadonlySet<string>,
): Announcement[] {
  return after.flatMap((entry) => {
    const known = before.find(({ name }) => name === entry.name);
    if (!known || applied.has(entry.name)) return [];
    const object = entry.stampedRef ? ` in [${entry.stampedRef.resource}/${entry.stampedRef.name}]` : "";
    const news: Announcement[] = [];
    if (entry.outputs && digestsOf(entry) !== digestsOf(known))
      news.push({ reason: "ResourceOutputChanged", message: `[${entry.name}] found a new output${object}` });
    const health = healthOf(entry);
    if (health !== healthOf(known))
      news.push({
        reason: "ResourceHealthyStatusChanged",
        message: `[${entry.name}] found healthy status [${health}]${object}`,
      });
    return news;
  });
}

function digestsOf({ outputs = [] }: ResourceStatus): string {
  return outputs.map(({ name, digest }) => `${name}=${digest}`).join(" ");
}

function healthOf(status: ResourceStatus): string {
  return findCondition({ status } as Conditioned, "Healthy")?.status ?? "Unknown";
}
