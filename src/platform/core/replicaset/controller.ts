/** Keeps as many pods of one template as are wanted: for ReplicaSets, and for what can be seen as one. */
import { Pod, ReplicaSet } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import type { Resource } from "#api/define.ts";
import { type Context, type Controller, controller } from "#engine/controller/controller.ts";
import { type Outcome, settled } from "#engine/controller/outcome.ts";
import { hasReason } from "#kit/status.ts";
import { adoption, claim, controllerReference, release } from "../claim.ts";
import { listClaimables } from "../claimables.ts";
import { createPods, Deletions, deletePods, type PodFailure } from "../pods.ts";
import { activePods, planReplicaSet, type ReplicaStatus, reportReplicaSet, wantedReplicas } from "./plan.ts";

const RETRY_MS = 1000;

/** Reconciles ReplicaSets. */
export function replicaSetController(): Controller<k8s.ReplicaSet> {
  const reconcile = keepReplicas(ReplicaSet);
  return controller<k8s.ReplicaSet>({
    name: "core/replicaset",
    reportsAs: "replicaset-controller",
    whileDeleted: true,
    for: ReplicaSet,
    owns: [Pod],
    reconcile,
  });
}

/** A pass over a ReplicaSet, or over an object of `kind` in the shape of one. */
export type KeepReplicas = (replicaSet: k8s.ReplicaSet, context: Context) => Promise<Outcome<ReplicaStatus>>;

/** Passes that keep the pods of objects of `kind`; they remember between each other which pods they have deleted. */
export function keepReplicas(kind: Resource): KeepReplicas {
  const deletions = new Deletions();
  return async (replicaSet, context) => {
    if (isAtRest(replicaSet)) return settled();
    const pods = await claimPods(kind, replicaSet, context);
    const deleting = deletions.of(replicaSet, pods);
    const plan = planReplicaSet({ replicaSet, pods, deleting }, context.now());
    const created = await createPods(plan.create, context);
    const failure = created.failure ?? (await deletePods(plan.delete, deleting, context));
    deletions.keep(replicaSet, deleting);
    return conclude(replicaSet, [...pods, ...created.pods], deleting, failure, context);
  };
}

/** At zero, and seen to be at zero since the last change: nothing to look up. A pod of ours that shows up wakes us. */
function isAtRest(replicaSet: k8s.ReplicaSet): boolean {
  const { metadata, status } = replicaSet;
  return (
    wantedReplicas(replicaSet) === 0 &&
    status?.replicas === 0 &&
    (status.terminatingReplicas ?? 0) === 0 &&
    status.observedGeneration === metadata.generation
  );
}

function conclude(
  replicaSet: k8s.ReplicaSet,
  pods: readonly k8s.Pod[],
  deleting: ReadonlySet<string>,
  failure: PodFailure | undefined,
  context: Context,
): Outcome<ReplicaStatus> {
  const active = activePods(pods, deleting);
  const terminating = pods.filter(
    ({ metadata }) => metadata.deletionTimestamp || deleting.has(metadata.uid ?? ""),
  ).length;
  const report = reportReplicaSet(replicaSet, { active, terminating }, failure, context.now());
  const recheckAfter = failure ? RETRY_MS : report.recheckAfter;
  return settled(report.status, { ...(recheckAfter !== undefined && { recheckAfter }) });
}

async function claimPods(kind: Resource, replicaSet: k8s.ReplicaSet, context: Context): Promise<k8s.Pod[]> {
  const { namespace, uid } = replicaSet.metadata;
  const candidates = await listClaimables(context, Pod, replicaSet);
  const { owned, adopt, release: strays } = claim(replicaSet, replicaSet.spec.selector, candidates);
  for (const pod of strays)
    await context.patch(Pod, { name: pod.metadata.name, namespace }, release(pod, uid)).catch(ignoreGone);
  const adopted: k8s.Pod[] = [];
  for (const pod of adopt)
    adopted.push(
      await context.patch(
        Pod,
        { name: pod.metadata.name, namespace },
        adoption(pod, controllerReference({ ...replicaSet, apiVersion: kind.apiVersion, kind: kind.kind })),
      ),
    );
  return [...owned, ...adopted];
}

function ignoreGone(error: unknown): void {
  if (!hasReason(error, "NotFound")) throw error;
}
