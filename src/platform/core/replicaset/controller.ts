/** The ReplicaSet controller: keeps as many pods of one template as are wanted. */
import { Pod, ReplicaSet } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { type Context, type Controller, controller } from "#engine/controller/controller.ts";
import { type Outcome, settled } from "#engine/controller/outcome.ts";
import { hasReason } from "#kit/status.ts";
import type { Draft } from "#ports/kube/client.ts";
import { adoption, claim, controllerReference, release } from "../claim.ts";
import { activePods, planReplicaSet, reportReplicaSet, wantedReplicas } from "./plan.ts";

type Failure = { reason: "FailedCreate" | "FailedDelete"; message: string };

const RETRY_MS = 1000;

/** Reconciles ReplicaSets. */
export function replicaSetController(): Controller<k8s.ReplicaSet> {
  const deletions = new Deletions();
  return controller<k8s.ReplicaSet>({
    name: "core/replicaset",
    for: ReplicaSet,
    owns: [Pod],
    async reconcile(replicaSet, context) {
      if (isAtRest(replicaSet)) return settled();
      const pods = await claimPods(replicaSet, context);
      const deleting = deletions.of(replicaSet, pods);
      const plan = planReplicaSet({ replicaSet, pods, deleting }, context.now());
      const created = await createPods(plan.create, context);
      const failure = created.failure ?? (await deletePods(plan.delete, deleting, context));
      deletions.keep(replicaSet, deleting);
      return conclude(replicaSet, [...pods, ...created.pods], deleting, failure, context);
    },
  });
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
  failure: Failure | undefined,
  context: Context,
): Outcome<k8s.ReplicaSetStatus> {
  const active = activePods(pods, deleting);
  const terminating = pods.filter(
    ({ metadata }) => metadata.deletionTimestamp || deleting.has(metadata.uid ?? ""),
  ).length;
  const report = reportReplicaSet(replicaSet, { active, terminating }, failure, context.now());
  const recheckAfter = failure ? RETRY_MS : report.recheckAfter;
  return settled(report.status, { ...(recheckAfter !== undefined && { recheckAfter }) });
}

async function claimPods(replicaSet: k8s.ReplicaSet, context: Context): Promise<k8s.Pod[]> {
  const { namespace, uid } = replicaSet.metadata;
  const candidates = await context.list(Pod, { namespace });
  const { owned, adopt, release: strays } = claim(replicaSet, replicaSet.spec.selector, candidates);
  for (const pod of strays)
    await context.patch(Pod, { name: pod.metadata.name, namespace }, release(pod, uid)).catch(ignoreGone);
  const adopted: k8s.Pod[] = [];
  for (const pod of adopt)
    adopted.push(
      await context.patch(
        Pod,
        { name: pod.metadata.name, namespace },
        adoption(pod, controllerReference({ ...replicaSet, apiVersion: ReplicaSet.apiVersion, kind: ReplicaSet.kind })),
      ),
    );
  return [...owned, ...adopted];
}

function ignoreGone(error: unknown): void {
  if (!hasReason(error, "NotFound")) throw error;
}

/** Creates in batches of 1, 2, 4 …, so that a quota that is used up costs one refused request, not hundreds. */
async function createPods(
  drafts: readonly Draft<k8s.Pod>[],
  context: Context,
): Promise<{ pods: k8s.Pod[]; failure?: Failure }> {
  const pods: k8s.Pod[] = [];
  for (let start = 0, size = 1; start < drafts.length; start += size, size *= 2) {
    const batch = drafts.slice(start, start + size);
    const results = await Promise.allSettled(batch.map((draft) => context.apply(Pod, draft)));
    for (const result of results) {
      if (result.status === "fulfilled") {
        pods.push(result.value);
        context.event("Normal", "SuccessfulCreate", `Created pod: ${result.value.metadata.name}`);
      }
    }
    const refused = results.find((result) => result.status === "rejected");
    if (refused) {
      const message = messageOf(refused.reason);
      context.event("Warning", "FailedCreate", `Error creating: ${message}`);
      return { pods, failure: { reason: "FailedCreate", message } };
    }
  }
  return { pods };
}

async function deletePods(
  pods: readonly k8s.Pod[],
  deleting: Set<string>,
  context: Context,
): Promise<Failure | undefined> {
  const results = await Promise.allSettled(pods.map((pod) => context.delete(Pod, pod.metadata)));
  let failure: Failure | undefined;
  results.forEach((result, index) => {
    const { name = "", uid = "" } = pods[index]?.metadata ?? {};
    if (result.status === "fulfilled") {
      deleting.add(uid);
      context.event("Normal", "SuccessfulDelete", `Deleted pod: ${name}`);
      return;
    }
    failure = { reason: "FailedDelete", message: messageOf(result.reason) };
    context.event("Warning", "FailedDelete", `Error deleting: ${failure.message}`);
  });
  return failure;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Pods that were deleted and still look alive in the cache: without this a pass on old data would delete another. */
class Deletions {
  private readonly byOwner = new Map<string, Set<string>>();

  /** The open deletions of `owner`; those that the cache shows by now are dropped. */
  of(owner: k8s.ReplicaSet, pods: readonly k8s.Pod[]): Set<string> {
    const { uid = "" } = owner.metadata;
    const alive = new Set(
      pods.filter(({ metadata }) => !metadata.deletionTimestamp).map(({ metadata }) => metadata.uid),
    );
    return new Set([...(this.byOwner.get(uid) ?? [])].filter((pod) => alive.has(pod)));
  }

  keep(owner: k8s.ReplicaSet, open: Set<string>): void {
    const { uid = "" } = owner.metadata;
    if (open.size > 0) this.byOwner.set(uid, open);
    else this.byOwner.delete(uid);
  }
}
