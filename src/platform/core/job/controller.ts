/** The Job controller: runs pods until enough of them have succeeded, or too many have failed. */
import { Job, Pod } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { type Context, type Controller, controller } from "#engine/controller/controller.ts";
import { type Outcome, settled } from "#engine/controller/outcome.ts";
import { hasReason } from "#kit/status.ts";
import { adoption, claim, controllerReference, release } from "../claim.ts";
import { listClaimables } from "../claimables.ts";
import { createPods, Deletions, deletePods, markDeleting, type PodFailure } from "../pods.ts";
import { earliest } from "../wait.ts";
import { accountPods, settleCounts } from "./account.ts";
import { FailureLog } from "./backoff.ts";
import { planJob } from "./plan.ts";
import { jobStatus, type Progress, type Running, suspension, withEnd, withTarget } from "./status.ts";
import { podDraft } from "./template.ts";
import { COMPLETED, type Ending, finalCondition, isComplete, judgeJob } from "./verdict.ts";
import { isTracked, type JobView, TRACKING_FINALIZER, viewJob } from "./view.ts";

const OURS = "kubernetes.io/job-controller";
const RETRY_MS = 1000;

/** What a pass did to the pods, and what follows from it. */
type Step = { running: Running; ending?: Ending | undefined; failure?: PodFailure | undefined; recheckAfter?: number };

/** Reconciles Jobs. */
export function jobController(): Controller<k8s.Job> {
  const deletions = new Deletions();
  const failures = new FailureLog();
  return controller<k8s.Job>({
    name: "core/job",
    reportsAs: "job-controller",
    for: Job,
    owns: [Pod],
    async reconcile(job, context) {
      if (!isOurs(job)) return settled();
      if (finalCondition(job)) {
        failures.forget(job);
        return settled();
      }
      const pods = await claimPods(job, context);
      const deleting = deletions.of(job, pods);
      const view = viewJob(job, markDeleting(pods, deleting, context.now()));
      const step = await act(view, { deleting, failures }, context);
      deletions.keep(job, deleting);
      return await conclude(view, step, context);
    },
  });
}

function isOurs({ spec }: k8s.Job): boolean {
  return spec.managedBy === undefined || spec.managedBy === OURS;
}

async function claimPods(job: k8s.Job, context: Context): Promise<k8s.Pod[]> {
  const { uid } = job.metadata;
  const candidates = await listClaimables(context, Pod, job);
  const { owned, adopt, release: strays } = claim(job, job.spec.selector, candidates);
  const owner = controllerReference({ ...job, apiVersion: Job.apiVersion, kind: Job.kind });
  for (const pod of strays) await patchPod(pod, withFinalizers(release(pod, uid), untracked(pod)), context);
  const adopted: k8s.Pod[] = [];
  for (const pod of adopt) {
    const finalizers = [...untracked(pod), TRACKING_FINALIZER];
    const result = await patchPod(pod, withFinalizers(adoption(pod, owner), finalizers), context);
    if (result) adopted.push(result);
  }
  return [...owned, ...adopted];
}

function untracked({ metadata }: k8s.Pod): string[] {
  return (metadata.finalizers ?? []).filter((name) => name !== TRACKING_FINALIZER);
}

function withFinalizers(patch: { metadata: object }, finalizers: readonly string[]) {
  return { metadata: { ...patch.metadata, finalizers } };
}

/** Undefined when the pod is gone. */
async function patchPod({ metadata }: k8s.Pod, body: unknown, context: Context): Promise<k8s.Pod | undefined> {
  try {
    return await context.patch(Pod, { name: metadata.name, namespace: metadata.namespace }, body);
  } catch (error) {
    if (hasReason(error, "NotFound")) return undefined;
    throw error;
  }
}

type Means = { deleting: Set<string>; failures: FailureLog };

/** Makes and deletes pods, as far as the Job needs it now. */
async function act(view: JobView, { deleting, failures }: Means, context: Context): Promise<Step> {
  const now = context.now();
  const failed = failures.note(view);
  const { ending, recheckAfter: deadline } = judgeJob(view, now);
  if (ending) {
    const failure = await deletePods(view.active, deleting, context);
    const running = afterDeletion(view, deleting);
    return { running, failure, ...(running.active === 0 && { ending }) };
  }
  const plan = planJob(view, failed, now);
  const changed = await untrack(plan.delete.filter(isTracked), context);
  const surplus = plan.delete.filter(({ metadata }) => !changed.has(metadata.uid ?? ""));
  const refused = await deletePods(surplus, deleting, context);
  const drafts = plan.create.map((wanted) => podDraft(view.job, wanted));
  const created = await createPods(drafts, context);
  const left = afterDeletion(view, deleting);
  const running = { ...left, active: left.active + created.pods.length };
  const waits = [plan.recheckAfter, deadline, changed.size > 0 ? RETRY_MS : undefined];
  return {
    running,
    failure: refused ?? created.failure,
    ...(isComplete(view, running.active) && { ending: COMPLETED }),
    ...earliest(...waits),
  };
}

function afterDeletion({ active, ready, terminating }: JobView, deleting: ReadonlySet<string>): Running {
  const deleted = active.filter(({ metadata }) => deleting.has(metadata.uid ?? ""));
  const deletedReady = deleted.filter(({ status }) =>
    status?.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True"),
  );
  return {
    active: active.length - deleted.length,
    ready: ready - deletedReady.length,
    terminating: terminating + deleted.length,
  };
}

/** Counts the pods that have ended and writes the status: before their finalizers go, and after. */
async function conclude(view: JobView, step: Step, context: Context): Promise<Outcome<k8s.JobStatus>> {
  const { job } = view;
  const { ending, running, failure } = step;
  const progress: Progress = { job, running, now: context.now() };
  const { counts, release: ended, partial } = accountPods(view, ending);
  const suspended = ending ? undefined : suspension(progress, job.status?.conditions ?? []);
  if (suspended?.event) context.event("Normal", ...suspended.event);
  const before = suspended?.conditions ?? job.status?.conditions ?? [];
  const conditions = ending ? withTarget(progress, before, ending) : before;
  if (ended.length > 0) await context.report(settled(jobStatus(progress, counts, conditions)));
  const kept = await untrack(ended, context);
  const released = new Set(ended.map(({ metadata }) => metadata.uid).filter((uid) => !kept.has(uid ?? "")));
  const tracked = view.pods.filter(isTracked).map(({ metadata }) => metadata.uid ?? "");
  const final = settleCounts(counts, new Set(tracked.filter((uid) => !released.has(uid))));
  const open = final.uncountedSucceeded.length + final.uncountedFailed.length;
  const isOver = ending !== undefined && !partial && open + running.terminating + kept.size === 0;
  if (isOver) announceEnd(job, ending, final.succeeded, context);
  const recheckAfter = failure || kept.size > 0 ? RETRY_MS : step.recheckAfter;
  return settled(jobStatus(progress, final, isOver ? withEnd(progress, conditions, ending) : conditions), {
    ...earliest(recheckAfter),
  });
}

function announceEnd({ spec }: k8s.Job, ending: Ending, succeeded: number, context: Context): void {
  if (!ending.succeeded) {
    context.event("Warning", ending.reason, ending.message);
    return;
  }
  if (spec.completions !== undefined && succeeded > spec.completions) {
    const message = "Too many succeeded pods running after completion count reached";
    context.event("Warning", "TooManySucceededPods", message);
  }
  context.event("Normal", "Completed", "Job completed");
}

/** Takes the tracking finalizer off `pods`; answers with the uids of those that changed meanwhile and keep it for now. */
async function untrack(pods: readonly k8s.Pod[], context: Context): Promise<Set<string>> {
  const kept = new Set<string>();
  await Promise.all(
    pods.map(async (pod) => {
      const { resourceVersion, uid = "" } = pod.metadata;
      const body = { metadata: { finalizers: untracked(pod), ...(resourceVersion && { resourceVersion }) } };
      try {
        await patchPod(pod, body, context);
      } catch (error) {
        if (!hasReason(error, "Conflict")) throw error;
        kept.add(uid);
      }
    }),
  );
  return kept;
}
