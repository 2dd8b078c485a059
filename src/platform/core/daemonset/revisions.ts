/** The history of a DaemonSet's template, as ControllerRevisions. */
import { ControllerRevision, DaemonSet } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import type { Context } from "#engine/controller/controller.ts";
import type { Draft } from "#ports/kube/client.ts";
import { adoption, claim, controllerReference } from "../claim.ts";
import { listClaimables } from "../claimables.ts";
import { planRevisions } from "../revisions.ts";
import { GENERATION, HASH_LABEL } from "./nodes.ts";

export type History = {
  revisions: k8s.ControllerRevision[];
  /** The name of the revision of the template, and the part of it that its pods carry. */
  newest: string;
  hash: string;
};

/** Makes the revision of the template, or makes an older one with its content the newest. */
export async function syncRevisions(set: k8s.DaemonSet, context: Context): Promise<History> {
  const { namespace, name: owner } = set.metadata;
  const revisions = await claimRevisions(set, context);
  const taken = new Set<string>();
  let plan = planRevisions(set, revisions, taken);
  while (plan.create && (await context.get(ControllerRevision, plan.update, namespace)))
    plan = planRevisions(set, revisions, taken.add(plan.update));
  const hash = plan.update.slice(owner.length + 1);
  if (plan.create) revisions.push(await context.create(ControllerRevision, labelled(set, plan.create, hash)));
  if (plan.renumber) {
    const { name, revision } = plan.renumber;
    await context.patch(ControllerRevision, { name, namespace }, { revision });
  }
  return { revisions, newest: plan.update, hash };
}

function labelled(
  { spec, metadata }: k8s.DaemonSet,
  draft: Draft<k8s.ControllerRevision>,
  hash: string,
): Draft<k8s.ControllerRevision> {
  const generation = metadata.annotations?.[GENERATION];
  return {
    ...draft,
    metadata: {
      ...draft.metadata,
      labels: { ...spec.template.metadata?.labels, [HASH_LABEL]: hash },
      ...(generation && { annotations: { [GENERATION]: generation } }),
    },
  };
}

async function claimRevisions(set: k8s.DaemonSet, context: Context): Promise<k8s.ControllerRevision[]> {
  const candidates = await listClaimables(context, ControllerRevision, set);
  const { owned, adopt, release: relabelled } = claim(set, set.spec.selector, candidates);
  const owner = controllerReference({ ...set, apiVersion: DaemonSet.apiVersion, kind: DaemonSet.kind });
  const adopted: k8s.ControllerRevision[] = [];
  for (const revision of adopt) {
    const { name, namespace } = revision.metadata;
    adopted.push(await context.patch(ControllerRevision, { name, namespace }, adoption(revision, owner)));
  }
  return [...owned, ...relabelled, ...adopted];
}
