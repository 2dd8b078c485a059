/** The DaemonSet controller: one pod on every node that is meant, replaced node by node when the template changes. */
import { ControllerRevision, DaemonSet, Node, Pod } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { type Context, type Controller, controller } from "#engine/controller/controller.ts";
import { settled } from "#engine/controller/outcome.ts";
import { adoption, claim, controllerReference, release } from "../claim.ts";
import { listClaimables } from "../claimables.ts";
import { createPods, Deletions, deletePods, markDeleting } from "../pods.ts";
import { outdatedRevisions } from "../revisions.ts";
import { earliest } from "../wait.ts";
import { Backoff } from "./backoff.ts";
import { HASH_LABEL, podDraft } from "./nodes.ts";
import { availableIn, type DaemonPlan, type DaemonWorld, planDaemonSet } from "./plan.ts";
import { syncRevisions } from "./revisions.ts";
import { daemonSetStatus } from "./status.ts";

const RETRY_MS = 1000;

/** Reconciles DaemonSets. */
export function daemonSetController(): Controller<k8s.DaemonSet> {
  const deletions = new Deletions();
  const backoff = new Backoff();
  return controller<k8s.DaemonSet>({
    name: "core/daemonset",
    reportsAs: "daemonset-controller",
    for: DaemonSet,
    owns: [Pod, ControllerRevision],
    async reconcile(set, context) {
      const owned = await claimPods(set, context);
      const deleting = deletions.of(set, owned);
      const { revisions, hash, newest } = await syncRevisions(set, context);
      const now = context.now().getTime();
      const pods = markDeleting(owned, deleting, context.now());
      const world: DaemonWorld = { set, nodes: await context.list(Node), pods, hash, now };
      const plan = planDaemonSet(world);
      const { doomed, wait } = dueEnds(set, plan, { backoff, context, now });
      const drafts = plan.create.map((nodeName) => podDraft(set, nodeName, hash));
      const { pods: made, failure } = await createPods(drafts, context);
      const refused = await deletePods([...plan.delete, ...doomed], deleting, context);
      deletions.keep(set, deleting);
      const left = [...markDeleting(pods, deleting, context.now()), ...made];
      const used = new Set(left.map(({ metadata }) => `${set.metadata.name}-${metadata.labels?.[HASH_LABEL]}`));
      for (const { metadata } of outdatedRevisions(set, revisions, used.add(newest)))
        await context.delete(ControllerRevision, { name: metadata.name, namespace: metadata.namespace });
      const waits = left.map((pod) => availableIn(world, pod)).filter((ms) => ms !== undefined && ms > 0);
      const retry = failure || refused ? RETRY_MS : undefined;
      return settled(daemonSetStatus({ ...world, pods: left }), earliest(wait, retry, ...waits));
    },
  });
}

async function claimPods(set: k8s.DaemonSet, context: Context): Promise<k8s.Pod[]> {
  const { namespace, uid } = set.metadata;
  const { owned, adopt, release: strays } = claim(set, set.spec.selector, await listClaimables(context, Pod, set));
  for (const pod of strays) await context.patch(Pod, { name: pod.metadata.name, namespace }, release(pod, uid));
  const owner = controllerReference({ ...set, apiVersion: DaemonSet.apiVersion, kind: DaemonSet.kind });
  const adopted: k8s.Pod[] = [];
  for (const pod of adopt)
    adopted.push(await context.patch(Pod, { name: pod.metadata.name, namespace }, adoption(pod, owner)));
  return [...owned, ...adopted];
}

type Pass = { backoff: Backoff; context: Context; now: number };

/** Pods that have ended and go now, and the milliseconds until the next of those that failed may. */
function dueEnds(
  { metadata: { uid = "" } }: k8s.DaemonSet,
  { ended }: DaemonPlan,
  { backoff, context, now }: Pass,
): { doomed: k8s.Pod[]; wait: number | undefined } {
  const doomed: k8s.Pod[] = [];
  const waits: number[] = [];
  for (const { pod, nodeName } of ended) {
    const { namespace, name } = pod.metadata;
    const found = (what: string): string =>
      `Found ${what} daemon pod ${namespace}/${name} on node ${nodeName}, will try to`;
    if (pod.status?.phase === "Succeeded") {
      context.event("Normal", "SucceededDaemonPod", `${found("succeeded")} delete it`);
      doomed.push(pod);
      continue;
    }
    const wait = backoff.next(`${uid}/${nodeName}`, now);
    if (wait > 0) waits.push(wait);
    else {
      context.event("Warning", "FailedDaemonPod", `${found("failed")} kill it`);
      doomed.push(pod);
    }
  }
  return { doomed, wait: waits.length > 0 ? Math.min(...waits) : undefined };
}
