/** The StatefulSet controller: pods with stable names and claims, made, updated and deleted in order. */
import { ControllerRevision, PersistentVolumeClaim, Pod, StatefulSet } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { controllerOf } from "#api/meta.ts";
import { type Context, type Controller, controller } from "#engine/controller/controller.ts";
import { type Outcome, settled } from "#engine/controller/outcome.ts";
import { adoption, claim, controllerReference, release } from "../claim.ts";
import { Deletions, markDeleting } from "../pods.ts";
import { earliest } from "../wait.ts";
import { planStatefulSet, type StatefulSetPlan } from "./plan.ts";
import { availableIn, claimDrafts, ordinalOf, podDraft, podName, revisionOf } from "./pods.ts";
import { outdatedRevisions, planRevisions, type RevisionPlan, templateOf } from "./revisions.ts";
import { statefulSetStatus } from "./status.ts";

/** Reconciles StatefulSets. */
export function statefulSetController(): Controller<k8s.StatefulSet> {
  const deletions = new Deletions();
  return controller<k8s.StatefulSet>({
    name: "core/statefulset",
    for: StatefulSet,
    owns: [Pod, ControllerRevision],
    async reconcile(set, context) {
      const owned = await claimPods(set, context);
      const deleting = deletions.of(set, owned);
      const pods = markDeleting(owned, deleting, context.now());
      const { revisions, names } = await syncRevisions(set, context);
      const plan = planStatefulSet({ set, pods, ...names }, context.now());
      const made = await makePods(set, plan.create, revisions, context);
      await deletePods(set, plan.delete, deleting, context);
      deletions.keep(set, deleting);
      const left = [...markDeleting(pods, deleting, context.now()), ...made];
      const used = new Set([names.current, names.update, ...left.flatMap((pod) => revisionOf(pod) ?? [])]);
      for (const { metadata } of outdatedRevisions(set, revisions, used))
        await context.delete(ControllerRevision, { name: metadata.name, namespace: metadata.namespace });
      return await report(set, left, names, context);
    },
  });
}

async function claimPods(set: k8s.StatefulSet, context: Context): Promise<k8s.Pod[]> {
  const { namespace, uid } = set.metadata;
  const { owned, adopt, release: strays } = claim(set, set.spec.selector, await context.list(Pod, { namespace }));
  for (const pod of strays) await context.patch(Pod, { name: pod.metadata.name, namespace }, release(pod, uid));
  const owner = controllerReference({ ...set, apiVersion: StatefulSet.apiVersion, kind: StatefulSet.kind });
  const adopted: k8s.Pod[] = [];
  for (const pod of adopt)
    if (ordinalOf(set, pod) !== undefined)
      adopted.push(await context.patch(Pod, { name: pod.metadata.name, namespace }, adoption(pod, owner)));
  return [...owned, ...adopted];
}

async function syncRevisions(
  set: k8s.StatefulSet,
  context: Context,
): Promise<{ revisions: k8s.ControllerRevision[]; names: RevisionPlan }> {
  const { namespace, uid } = set.metadata;
  const all = await context.list(ControllerRevision, { namespace });
  const revisions = all.filter((revision) => controllerOf(revision)?.uid === uid);
  const names = planRevisions(set, revisions, new Set(all.map(({ metadata }) => metadata.name)));
  if (names.create) revisions.push(await context.create(ControllerRevision, names.create));
  if (names.renumber) {
    const { name, revision } = names.renumber;
    await context.patch(ControllerRevision, { name, namespace }, { revision });
  }
  return { revisions, names };
}

/** Makes claims, then the pods that use them. Stops at the first that is refused. */
async function makePods(
  set: k8s.StatefulSet,
  wanted: StatefulSetPlan["create"],
  revisions: readonly k8s.ControllerRevision[],
  context: Context,
): Promise<k8s.Pod[]> {
  const made: k8s.Pod[] = [];
  for (const { ordinal, revision } of wanted) {
    const name = podName(set, ordinal);
    try {
      await makeClaims(set, ordinal, context);
      const template = templateOf(set, revisions, revision);
      made.push(await context.create(Pod, podDraft(set, ordinal, { revision, template })));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const text = `create Pod ${name} in StatefulSet ${set.metadata.name} failed error: ${message}`;
      context.event("Warning", "FailedCreate", text);
      throw error;
    }
    context.event("Normal", "SuccessfulCreate", `create Pod ${name} in StatefulSet ${set.metadata.name} successful`);
  }
  return made;
}

async function makeClaims(set: k8s.StatefulSet, ordinal: number, context: Context): Promise<void> {
  for (const draft of claimDrafts(set, ordinal)) {
    const { name = "", namespace } = draft.metadata;
    if (await context.get(PersistentVolumeClaim, name, namespace)) continue;
    // a claim outlives its set, unless the retention policy gives it to the set
    const owned = set.spec.persistentVolumeClaimRetentionPolicy?.whenDeleted === "Delete";
    await context.apply(PersistentVolumeClaim, draft, { owned });
    const pod = podName(set, ordinal);
    const message = `create Claim ${name} Pod ${pod} in StatefulSet ${set.metadata.name} success`;
    context.event("Normal", "SuccessfulCreate", message);
  }
}

async function deletePods(
  set: k8s.StatefulSet,
  doomed: StatefulSetPlan["delete"],
  deleting: Set<string>,
  context: Context,
): Promise<void> {
  const { name, namespace } = set.metadata;
  for (const { pod, why } of doomed) {
    const text = `StatefulSet ${namespace}/${name} is recreating failed Pod ${pod.metadata.name}`;
    if (why === "failed") context.event("Warning", "RecreatingFailedPod", text);
    await context.delete(Pod, pod.metadata);
    deleting.add(pod.metadata.uid ?? "");
    const done = `delete Pod ${pod.metadata.name} in StatefulSet ${name} successful`;
    context.event("Normal", "SuccessfulDelete", done);
  }
}

async function report(
  set: k8s.StatefulSet,
  pods: readonly k8s.Pod[],
  { current, update }: RevisionPlan,
  context: Context,
): Promise<Outcome<k8s.StatefulSetStatus>> {
  const { namespace } = set.metadata;
  const claims: k8s.PersistentVolumeClaim[] = [];
  for (const draft of pods.flatMap((pod) => claimDrafts(set, ordinalOf(set, pod) ?? 0))) {
    const live = await context.get(PersistentVolumeClaim, draft.metadata.name ?? "", namespace);
    if (live) claims.push(live);
  }
  const now = context.now();
  const waits = pods.map((pod) => availableIn(set, pod, now)).filter((wait) => wait !== undefined && wait > 0);
  return settled(statefulSetStatus(set, { pods, claims, current, update }, now), earliest(...waits));
}
