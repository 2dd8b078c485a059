/** The pods and claims of a StatefulSet: stable names, their drafts, their health. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";
import type { Draft } from "#ports/kube/client.ts";
import { isReady, readySince } from "../replicaset/rank.ts";
import { REVISION_LABEL } from "./revisions.ts";

export function podName({ metadata }: k8s.StatefulSet, ordinal: number): string {
  return `${metadata.name}-${ordinal}`;
}

/** The ordinal at the end of the pod's name; undefined when it is not named after the set. */
export function ordinalOf(set: k8s.StatefulSet, { metadata }: k8s.Pod): number | undefined {
  const prefix = `${set.metadata.name}-`;
  const end = metadata.name.slice(prefix.length);
  return metadata.name.startsWith(prefix) && /^(0|[1-9]\d*)$/.test(end) ? Number(end) : undefined;
}

/** Whether the set wants a pod of that ordinal. */
export function isInRange(set: k8s.StatefulSet, pod: k8s.Pod): boolean {
  const { ordinals, replicas = 1 } = set.spec;
  const start = ordinals?.start ?? 0;
  const ordinal = ordinalOf(set, pod) ?? -1;
  return ordinal >= start && ordinal < start + replicas;
}

export function revisionOf({ metadata }: k8s.Pod): string | undefined {
  return metadata.labels?.[REVISION_LABEL];
}

/** Running, ready, and for so long that it counts as available. */
export function isAvailable(set: k8s.StatefulSet, pod: k8s.Pod, now: Date): boolean {
  return availableIn(set, pod, now) === 0;
}

/** Available, and not about to go. */
export function isHealthy(set: k8s.StatefulSet, pod: k8s.Pod, now: Date): boolean {
  return isAvailable(set, pod, now) && !pod.metadata.deletionTimestamp;
}

/** Milliseconds until a pod that is ready is available; undefined when it is not running or not ready. */
export function availableIn({ spec }: k8s.StatefulSet, pod: k8s.Pod, now: Date): number | undefined {
  const since = readySince(pod);
  if (!isRunningAndReady(pod) || since === undefined) return undefined;
  return Math.max(0, since + (spec.minReadySeconds ?? 0) * 1000 - now.getTime());
}

export function isRunningAndReady(pod: k8s.Pod): boolean {
  return pod.status?.phase === "Running" && isReady(pod);
}

export function isOver({ status }: k8s.Pod): boolean {
  return status?.phase === "Failed" || status?.phase === "Succeeded";
}

/** The claims that the pod with that ordinal needs. */
export function claimDrafts(set: k8s.StatefulSet, ordinal: number): Draft<k8s.PersistentVolumeClaim>[] {
  const { namespace, name } = set.metadata;
  return (set.spec.volumeClaimTemplates ?? []).map(({ metadata, spec }) => ({
    metadata: {
      name: claimName(metadata.name, name, ordinal),
      ...(namespace && { namespace }),
      labels: { ...metadata.labels, ...set.spec.selector.matchLabels },
      ...(metadata.annotations && { annotations: metadata.annotations }),
    },
    spec,
  }));
}

function claimName(template: string, set: string, ordinal: number): string {
  return `${template}-${set}-${ordinal}`;
}

/** The pod with that ordinal at a revision. */
export function podDraft(
  set: k8s.StatefulSet,
  ordinal: number,
  { revision, template }: { revision: string; template: k8s.PodTemplateSpec },
): Draft<k8s.Pod> {
  const name = podName(set, ordinal);
  const { namespace } = set.metadata;
  const { metadata, spec = { containers: [] } } = template;
  const claims = (set.spec.volumeClaimTemplates ?? []).map((claim) => ({
    name: claim.metadata.name,
    persistentVolumeClaim: { claimName: claimName(claim.metadata.name, set.metadata.name, ordinal) },
  }));
  const others = (spec.volumes ?? []).filter((volume) => !claims.some((claim) => claim.name === volume.name));
  return {
    metadata: {
      name,
      generateName: `${set.metadata.name}-`,
      ...(namespace && { namespace }),
      labels: {
        ...metadata?.labels,
        "statefulset.kubernetes.io/pod-name": name,
        "apps.kubernetes.io/pod-index": String(ordinal),
        [REVISION_LABEL]: revision,
      },
      ...(metadata?.annotations && { annotations: metadata.annotations }),
      ...(metadata?.finalizers && { finalizers: metadata.finalizers }),
    },
    spec: {
      ...spec,
      hostname: name,
      ...(set.spec.serviceName && { subdomain: set.spec.serviceName }),
      ...(claims.length + others.length > 0 && { volumes: [...claims, ...others] }),
    },
  };
}
