/** Pods whose Job is gone or going are nobody's to count: they must not wait for it. */
import { Job, Pod } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { controllerOf } from "#api/meta.ts";
import { type Context, type Controller, controller } from "#engine/controller/controller.ts";
import { settled } from "#engine/controller/outcome.ts";
import { hasReason } from "#kit/status.ts";
import { isTracked, TRACKING_FINALIZER } from "./view.ts";

/** Takes the tracking finalizer off pods that were left or deleted together with their Job. */
export function orphanedPodController(): Controller<k8s.Pod> {
  return controller<k8s.Pod>({
    name: "core/job-orphans",
    reportsAs: "job-controller",
    for: Pod,
    whileDeleted: true,
    async reconcile(pod, context) {
      if (isTracked(pod) && isLeft(pod) && !(await hasJob(pod, context))) await untrack(pod, context);
      return settled();
    },
  });
}

/** The end of a Job shows in its pods: they are deleted, or lose their owner. */
function isLeft(pod: k8s.Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined || controllerOf(pod) === undefined;
}

/** Asks the server, not the cache: whose change it would be does not matter here, and a Job changes often. */
async function hasJob(pod: k8s.Pod, { client }: Context): Promise<boolean> {
  const owner = controllerOf(pod);
  if (owner?.kind !== Job.kind) return false;
  const job = await client.get(Job, owner.name, pod.metadata.namespace);
  return job?.metadata.uid === owner.uid && !job.metadata.deletionTimestamp;
}

async function untrack({ metadata }: k8s.Pod, context: Context): Promise<void> {
  const finalizers = (metadata.finalizers ?? []).filter((name) => name !== TRACKING_FINALIZER);
  const { name, namespace, resourceVersion } = metadata;
  try {
    await context.patch(Pod, { name, namespace }, { metadata: { finalizers, resourceVersion } });
  } catch (error) {
    if (!hasReason(error, "NotFound")) throw error;
  }
}
