/** The StatefulSet controller: pods with stable names and claims, made, updated and deleted in order. */
import { ControllerRevision, PersistentVolumeClaim, Pod, StatefulSet } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { type Context, type Controller, controller } from "#engine/controller/controller.ts";
import { type Outcome, settled } from "#engine/controller/outcome.ts";
import { adoption, claim, controllerReference, release } from "../claim.ts";
import { listClaimables } from "../claimables.ts";
import { Deletions, markDeleting } from "../pods.ts";
import { outdatedRevisions, planRevisions, type RevisionPlan, templateOf } from "../revisions.ts";
import { earliest } from "../wait.ts";
import { planStatefulSet, type StatefulSetPlan } from "./plan.ts";
import { availableIn, claimDrafts, ordinalOf, podDraft, podName, revisionOf } from "./pods.ts";
import { planOwners } from "./retention.ts";
import { statefulSetStatus } from "./status.ts";

/** Reconciles StatefulSets. */
export function statefulSetController(): Controller<k8s.StatefulSet> {
  const deletions = new Deletions();
  return controller<k8s.StatefulSet>({
    name: "core/statefulset",
    reportsAs: "statefulset-controller",
    whileDeleted: true,
    for: StatefulSet,
    owns: [Pod, ControllerRevision],
    async reconcile(set, context) {
      const owned = await claimPods(set, context);
      const deleting = deletions.of(set, owned);
      const pods = markDeleting(owned, deleting, context.now());
      const { currentRevision = "", updateRevision = "" } = set.status ?? {};
      if (set.metadata.deletionTimestamp)
        return report(set, pods, { current: currentRevision, update: updateRevision }, context);
      const { revisions, names } = await syncRevisions(set, context);
      const plan = planStatefulSet({ set, pods, ...names }, context.now());
      const made = await makePods(set, plan.create, revisions, context);
      for (const pod of pods) await giveClaims(set, pod, context);
      await deletePods(set, plan.delete, deleting, context);
      deletions.keep(set, deleting);
      const left = [...markDeleting(pods, deleting, context.now()), ...made];
      const used = new Set([names.current, names.update, ...left.flatMap((pod) => revisionOf(pod) ?? [])]);
      for (const { metadata } of outdatedRevisions(set, revisions, used))
        await context.delete(ControllerRevision, { name: metadata.name, namespace: metadata.namespace });
      return report(set, left, names, context);
    },
  });
}

async function claimPods(set: k8s.StatefulSet, context: Context): Promise<k8s.Pod[]> {
  const { namespace, uid } = set.metadata;
  const { owned, adopt, release: strays } = claim(set, set.spec.selector, await listClaimables(context, Pod, set));
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
  const { namespace } = set.metadata;
  const revisions = await claimRevisions(set, context);
  const taken = new Set<string>();
  let names = planRevisions(set, revisions, taken);
  while (names.create && (await context.get(ControllerRevision, names.update, namespace))) {
    taken.add(names.update);
    names = planRevisions(set, revisions, taken);
  }
  if (names.create) revisions.push(await context.create(ControllerRevision, names.create));
  if (names.renumber) {
    const { name, revision } = names.renumber;
    await context.patch(ControllerRevision, { name, namespace }, { revision });
  }
  return { revisions, names };
}

async function claimRevisions(set: k8s.StatefulSet, context: Context): Promise<k8s.ControllerRevision[]> {
  const candidates = await listClaimables(context, ControllerRevision, set);
  const { owned, adopt, release: relabelled } = claim(set, set.spec.selector, candidates);
  const owner = controllerReference({ ...set, apiVersion: StatefulSet.apiVersion, kind: StatefulSet.kind });
  const adopted: k8s.ControllerRevision[] = [];
  for (const revision of adopt) {
    const { name, namespace } = revision.metadata;
    adopted.push(await context.patch(ControllerRevision, { name, namespace }, adoption(revision, owner)));
  }
  return [...owned, ...relabelled, ...adopted];
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
      const text = `Create Pod ${name} in StatefulSet ${set.metadata.name} failed error: ${message}`;
      context.event("Warning", "FailedCreate", text);
      throw error;
    }
    context.event("Normal", "SuccessfulCreate", `Create Pod ${name} in StatefulSet ${set.metadata.name} successful`);
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
    const message = `Create Claim ${name} Pod ${pod} in StatefulSet ${set.metadata.name} success`;
    context.event("Normal", "SuccessfulCreate", message);
  }
}

/** Lets the claims of a pod belong to whom they go with. */
async function giveClaims(set: k8s.StatefulSet, pod: k8s.Pod, context: Context): Promise<void> {
  const { namespace } = set.metadata;
  for (const { metadata } of claimDrafts(set, ordinalOf(set, pod) ?? 0)) {
    const claim = await context.get(PersistentVolumeClaim, metadata.name ?? "", namespace);
    const ownerReferences = claim && planOwners(set, pod, claim);
    if (!ownerReferences) continue;
    const { name, resourceVersion } = claim.metadata;
    await context.patch(PersistentVolumeClaim, { name, namespace }, { metadata: { ownerReferences, resourceVersion } });
  }
}

async function deletePods(
  set: k8s.StatefulSet,
  doomed: StatefulSetPlan["delete"],
  deleting: Set<string>,
  context: Context,
): Promise<void> {
  const { name } = set.metadata;
  for (const { pod } of doomed) {
    await context.delete(Pod, pod.metadata);
    deleting.add(pod.metadata.uid ?? "");
    const done = `Delete Pod ${pod.metadata.name} in StatefulSet ${name} successful`;
    context.event("Normal", "SuccessfulDelete", done);
  }
}

function report(
  set: k8s.StatefulSet,
  pods: readonly k8s.Pod[],
  { current, update }: RevisionPlan,
  context: Context,
): Outcome<k8s.StatefulSetStatus> {
  const now = context.now();
  const waits = pods.map((pod) => availableIn(set, pod, now)).filter((wait) => wait !== undefined && wait > 0);
  return settled(statefulSetStatus(set, { pods, current, update }, now), earliest(...waits));
}
