/** The pods that a Job makes. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";
import type { Draft } from "#ports/kube/client.ts";
import { suffixOf } from "../names.ts";
import { judgeFailure } from "./policies.ts";
import { COMPLETION_INDEX, FAILURE_COUNT, failuresOf, IGNORED_COUNT, isIndexed, TRACKING_FINALIZER } from "./view.ts";

const INDEX_VARIABLE = "JOB_COMPLETION_INDEX";

/** A pod to make: for an index, and in the place of which failed pod. */
export type Wanted = { index?: number; replaces?: k8s.Pod | undefined };

/**
 * Drafts for `wanted`. Names follow from the Job's uid and a running number, so that a pass that is repeated after a
 * crash asks for the same names; names in `taken` are not used.
 */
export function podDrafts(job: k8s.Job, wanted: readonly Wanted[], taken: ReadonlySet<string>): Draft<k8s.Pod>[] {
  const used = new Set(taken);
  let number = (job.status?.succeeded ?? 0) + (job.status?.failed ?? 0);
  return wanted.map((pod) => {
    const prefix = prefixOf(job, pod.index);
    for (;;) {
      const name = `${prefix}${suffixOf(`${job.metadata.uid}/${pod.index ?? ""}/${number++}`)}`;
      if (used.has(name)) continue;
      used.add(name);
      return podDraft(job, pod, { name, generateName: prefix });
    }
  });
}

function prefixOf({ metadata }: k8s.Job, index: number | undefined): string {
  const end = index === undefined ? "-" : `-${index}-`;
  return `${metadata.name.slice(0, 58 - end.length)}${end}`;
}

function podDraft(
  job: k8s.Job,
  { index, replaces }: Wanted,
  named: { name: string; generateName: string },
): Draft<k8s.Pod> {
  const { namespace, name } = job.metadata;
  const { metadata, spec = { containers: [] } } = job.spec.template;
  const isOneOfMany = index !== undefined;
  const indexed = isOneOfMany ? { [COMPLETION_INDEX]: String(index) } : {};
  const annotations = { ...metadata?.annotations, ...indexed, ...(isOneOfMany && failureCounts(job, replaces)) };
  const finalizers = metadata?.finalizers ?? [];
  return {
    metadata: {
      ...named,
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
