/** The pods that a Job makes. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";
import type { Draft } from "#ports/kube/client.ts";
import { judgeFailure } from "./policies.ts";
import { COMPLETION_INDEX, FAILURE_COUNT, failuresOf, IGNORED_COUNT, isIndexed, TRACKING_FINALIZER } from "./view.ts";

const INDEX_VARIABLE = "JOB_COMPLETION_INDEX";

/** A pod to make: for an index, and in the place of which failed pod. */
export type Wanted = { index?: number; replaces?: k8s.Pod | undefined };

/** The pod for `wanted`; the server names it. */
export function podDraft(job: k8s.Job, { index, replaces }: Wanted): Draft<k8s.Pod> {
  const { namespace, name } = job.metadata;
  const { metadata, spec = { containers: [] } } = job.spec.template;
  const isOneOfMany = index !== undefined;
  const indexed = isOneOfMany ? { [COMPLETION_INDEX]: String(index) } : {};
  const annotations = { ...metadata?.annotations, ...indexed, ...(isOneOfMany && failureCounts(job, replaces)) };
  const finalizers = metadata?.finalizers ?? [];
  return {
    metadata: {
      generateName: isOneOfMany ? `${name}-${index}-` : `${name}-`,
      ...(namespace && { namespace }),
      labels: { ...metadata?.labels, ...indexed },
      ...(Object.keys(annotations).length > 0 && { annotations }),
      finalizers: finalizers.includes(TRACKING_FINALIZER) ? finalizers : [...finalizers, TRACKING_FINALIZER],
    },
    spec: isOneOfMany ? withIndex({ ...spec, hostname: `${name}-${index}` }) : spec,
  };
}

/** How often the index failed so far, counting the pod that is replaced. */
function failureCounts(job: k8s.Job, replaces: k8s.Pod | undefined): Record<string, string> {
  if (!isIndexed(job) || job.spec.backoffLimitPerIndex === undefined) return {};
  if (!replaces) return { [FAILURE_COUNT]: "0" };
  const before = failuresOf(replaces);
  const { counted } = judgeFailure(job.spec.podFailurePolicy, replaces);
  const ignored = before.ignored + (counted ? 0 : 1);
  return {
    [FAILURE_COUNT]: String(before.counted + (counted ? 1 : 0)),
    ...(ignored > 0 && { [IGNORED_COUNT]: String(ignored) }),
  };
}

function withIndex(spec: k8s.PodSpec): k8s.PodSpec {
  const { initContainers, containers } = spec;
  return {
    ...spec,
    ...(initContainers && { initContainers: initContainers.map(withVariable) }),
    containers: containers.map(withVariable),
  };
}

function withVariable(container: k8s.Container): k8s.Container {
  const { env = [] } = container;
  if (env.some(({ name }) => name === INDEX_VARIABLE)) return container;
  const fieldRef = { apiVersion: "v1", fieldPath: `metadata.labels['${COMPLETION_INDEX}']` };
  return { ...container, env: [...env, { name: INDEX_VARIABLE, valueFrom: { fieldRef } }] };
}
