/** Deletes Jobs some time after they are over, as their ttlSecondsAfterFinished says. */
import { Job } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { type Controller, controller } from "#engine/controller/controller.ts";
import { settled } from "#engine/controller/outcome.ts";
import { earliest } from "../wait.ts";

/** Reconciles finished Jobs. */
export function ttlController(): Controller<k8s.Job> {
  return controller<k8s.Job>({
    name: "core/ttl-after-finished",
    for: Job,
    async reconcile({ metadata }, context) {
      // read through the context, so that a change of the status alone wakes us too
      const job = await context.get(Job, metadata.name, metadata.namespace);
      const wait = job && timeLeft(job, context.now());
      if (wait === undefined) return settled();
      if (wait > 0) return settled(undefined, earliest(wait));
      await context.delete(Job, { name: metadata.name, namespace: metadata.namespace });
      return settled();
    },
  });
}

/** Milliseconds that the Job is still to be kept; undefined when it is kept for ever or not over. */
function timeLeft({ metadata, spec, status }: k8s.Job, now: Date): number | undefined {
  if (spec.ttlSecondsAfterFinished === undefined || metadata.deletionTimestamp) return undefined;
  const end = status?.conditions?.find(
    ({ type, status: value }) => (type === "Complete" || type === "Failed") && value === "True",
  );
  if (!end) return undefined;
  return Date.parse(end.lastTransitionTime ?? "") + spec.ttlSecondsAfterFinished * 1000 - now.getTime();
}
