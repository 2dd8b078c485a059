/** Creating and deleting the pods of a workload, with the events that tell about it. */
import { Pod } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import type { ObjectMeta } from "#api/meta.ts";
import type { Context } from "#engine/controller/controller.ts";
import type { Draft } from "#ports/kube/client.ts";

export type PodFailure = { reason: "FailedCreate" | "FailedDelete"; message: string };

/**
 * Creates in batches of 1, 2, 4 …, so that a quota that is used up costs one refused request, not hundreds.
 * Stops at the first batch with a refusal, which comes back as `failure`.
 */
export async function createPods(
  drafts: readonly Draft<k8s.Pod>[],
  context: Context,
): Promise<{ pods: k8s.Pod[]; failure?: PodFailure }> {
  const pods: k8s.Pod[] = [];
  for (let start = 0, size = 1; start < drafts.length; start += size, size *= 2) {
    const batch = drafts.slice(start, start + size);
    const results = await Promise.allSettled(batch.map((draft) => context.create(Pod, draft)));
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

/** Deletes `pods` and notes those that are on their way in `deleting`; answers with the last refusal. */
export async function deletePods(
  pods: readonly k8s.Pod[],
  deleting: Set<string>,
  context: Context,
): Promise<PodFailure | undefined> {
  const results = await Promise.allSettled(pods.map((pod) => context.delete(Pod, pod.metadata)));
  let failure: PodFailure | undefined;
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
export class Deletions {
  private readonly byOwner = new Map<string, Set<string>>();

  /** The open deletions of `owner`; those that the cache shows by now are dropped. */
  of(owner: { metadata: ObjectMeta }, pods: readonly k8s.Pod[]): Set<string> {
    const { uid = "" } = owner.metadata;
    const alive = new Set(
      pods.filter(({ metadata }) => !metadata.deletionTimestamp).map(({ metadata }) => metadata.uid),
    );
    return new Set([...(this.byOwner.get(uid) ?? [])].filter((pod) => alive.has(pod)));
  }

  keep(owner: { metadata: ObjectMeta }, open: Set<string>): void {
    const { uid = "" } = owner.metadata;
    if (open.size > 0) this.byOwner.set(uid, open);
    else this.byOwner.delete(uid);
  }
}

/** `pods` with those that are being deleted shown as such, also where the cache does not know yet. */
export function markDeleting(pods: readonly k8s.Pod[], deleting: ReadonlySet<string>, now: Date): k8s.Pod[] {
  return pods.map((pod) => {
    const { metadata } = pod;
    if (metadata.deletionTimestamp || !deleting.has(metadata.uid ?? "")) return pod;
    return { ...pod, metadata: { ...metadata, deletionTimestamp: now.toISOString(), deletionGracePeriodSeconds: 0 } };
  });
}
