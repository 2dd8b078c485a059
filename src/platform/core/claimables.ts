/** Reads what may belong to a workload without looking at the whole namespace. */
import type { ObjectMeta, ResourceRef } from "#api/meta.ts";
import type { Context } from "#engine/controller/controller.ts";
import type { LabelSelector } from "#kit/selector.ts";

type Workload = { metadata: ObjectMeta; spec: { selector?: LabelSelector } };

/** Objects that `owner` controls, and objects with the labels that its selector names. */
export async function listClaimables<O extends { metadata: ObjectMeta }>(
  context: Context,
  resource: ResourceRef<O>,
  owner: Workload,
): Promise<O[]> {
  const { namespace, uid } = owner.metadata;
  const controlled = await context.list(resource, { namespace, owner: uid });
  const labelled = await context.list(resource, { namespace, labels: owner.spec.selector?.matchLabels });
  // what changed between the two reads is in both: the later counts
  return [...new Map([...controlled, ...labelled].map((object) => [object.metadata.uid, object])).values()];
}
