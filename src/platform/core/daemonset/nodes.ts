/** On which nodes the pods of a DaemonSet belong, and what they have to be like for that. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";
import { deepEqual } from "#kit/json.ts";
import { compileNodeTerms } from "#kit/node-selector.ts";
import { untolerated } from "#kit/tolerations.ts";
import type { Draft } from "#ports/kube/client.ts";

export const HASH_LABEL = "controller-revision-hash";
export const GENERATION = "deprecated.daemonset.template.generation";
const GENERATION_LABEL = "pod-template-generation";
const TAINT = "node.kubernetes.io";

/** `run`: a pod belongs there; `stay`: only one that is there already; `leave`: none. */
export type Fate = "run" | "stay" | "leave";

export function fateOn({ spec }: k8s.DaemonSet, node: k8s.Node): Fate {
  const pod = spec.template.spec;
  if (!pod || (pod.nodeName && pod.nodeName !== node.metadata.name) || !isMeant(pod, node)) return "leave";
  const tolerations = [...(pod.tolerations ?? []), ...daemonTolerations(pod)];
  const taints = node.spec?.taints;
  if (!untolerated(taints, tolerations, ["NoSchedule", "NoExecute"])) return "run";
  return untolerated(taints, tolerations, ["NoExecute"]) ? "leave" : "stay";
}

function isMeant({ nodeSelector = {}, affinity }: k8s.PodSpec, node: k8s.Node): boolean {
  const { labels = {} } = node.metadata;
  if (Object.entries(nodeSelector).some(([key, value]) => labels[key] !== value)) return false;
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return !required || compileNodeTerms(required.nodeSelectorTerms)(node);
}

/** What every node may be afflicted with, without its daemons having to go. */
function daemonTolerations({ hostNetwork }: k8s.PodSpec): k8s.Toleration[] {
  const tolerate = (what: string, effect: string): k8s.Toleration => ({
    ...{ key: `${TAINT}/${what}`, operator: "Exists", effect },
  });
  return [
    ...["not-ready", "unreachable"].map((what) => tolerate(what, "NoExecute")),
    ...["disk-pressure", "memory-pressure", "pid-pressure", "unschedulable"].map((what) =>
      tolerate(what, "NoSchedule"),
    ),
    ...(hostNetwork ? [tolerate("network-unavailable", "NoSchedule")] : []),
  ];
}

/** The pod for a node: the scheduler binds it, and to no other. */
export function podDraft(set: k8s.DaemonSet, nodeName: string, hash: string): Draft<k8s.Pod> {
  const { name, namespace, annotations } = set.metadata;
  const { metadata, spec = { containers: [] } } = set.spec.template;
  const tolerations = [...(spec.tolerations ?? [])];
  for (const one of daemonTolerations(spec))
    if (!tolerations.some((other) => deepEqual(other, one))) tolerations.push(one);
  const generation = annotations?.[GENERATION];
  return {
    metadata: {
      generateName: `${name}-`,
      ...(namespace && { namespace }),
      labels: { ...metadata?.labels, ...(generation && { [GENERATION_LABEL]: generation }), [HASH_LABEL]: hash },
      ...(metadata?.annotations && { annotations: metadata.annotations }),
      ...(metadata?.finalizers && { finalizers: metadata.finalizers }),
    },
    spec: { ...spec, tolerations, affinity: affinityTo(nodeName, spec.affinity) },
  };
}

const REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution";

function affinityTo(nodeName: string, affinity: k8s.Affinity = {}): k8s.Affinity {
  const matchFields = [{ key: "metadata.name", operator: "In", values: [nodeName] }];
  const terms = affinity.nodeAffinity?.[REQUIRED]?.nodeSelectorTerms ?? [];
  const nodeSelectorTerms = terms.length > 0 ? terms.map((term) => ({ ...term, matchFields })) : [{ matchFields }];
  return { ...affinity, nodeAffinity: { ...affinity.nodeAffinity, [REQUIRED]: { nodeSelectorTerms } } };
}

/** The node that a pod is on, or is meant for. */
export function nodeOf({ spec }: k8s.Pod): string | undefined {
  if (spec.nodeName) return spec.nodeName;
  const terms = spec.affinity?.nodeAffinity?.[REQUIRED]?.nodeSelectorTerms ?? [];
  const fields = terms.flatMap(({ matchFields = [] }) => matchFields);
  return fields.find(({ key, operator }) => key === "metadata.name" && operator === "In")?.values?.[0];
}
