/** The ReplicaSets of a Deployment: which is the new one, how it is named and annotated. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";
import type { ObjectMeta } from "#api/meta.ts";
import { canonicalJson, deepEqual } from "#kit/json.ts";
import type { Draft } from "#ports/kube/client.ts";
import { safeHash } from "../names.ts";

const HASH_LABEL = "pod-template-hash";
export const REVISION = "deployment.kubernetes.io/revision";
const REVISION_HISTORY = "deployment.kubernetes.io/revision-history";
export const DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas";
export const MAX_REPLICAS = "deployment.kubernetes.io/max-replicas";

const NOT_COPIED = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  "deprecated.deployment.rollback.to",
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
]);

/** Oldest first; equal times by name. */
export function byAge(sets: readonly k8s.ReplicaSet[]): k8s.ReplicaSet[] {
  const key = ({ metadata }: k8s.ReplicaSet): string => `${metadata.creationTimestamp ?? ""} ${metadata.name}`;
  return sets.toSorted((left, right) => (key(left) < key(right) ? -1 : 1));
}

/** The hash of the Deployment's pod template. */
function templateHash({ spec, status }: k8s.Deployment): string {
  return safeHash(`${canonicalJson(spec.template)}${status?.collisionCount ?? ""}`);
}

export function newSetName(deployment: k8s.Deployment): string {
  return `${deployment.metadata.name}-${templateHash(deployment)}`;
}

/** The oldest ReplicaSet with the Deployment's template. */
export function findNewSet(deployment: k8s.Deployment, sets: readonly k8s.ReplicaSet[]): k8s.ReplicaSet | undefined {
  const wanted = withoutHash(deployment.spec.template);
  const name = newSetName(deployment);
  return byAge(sets).find((set) => set.metadata.name === name || deepEqual(withoutHash(set.spec.template), wanted));
}

function withoutHash(template: k8s.PodTemplateSpec | undefined): unknown {
  const { [HASH_LABEL]: _hash, ...labels } = template?.metadata?.labels ?? {};
  const { annotations = {} } = template?.metadata ?? {};
  return { labels, annotations, spec: template?.spec };
}

export function revisionOf({ metadata }: k8s.ReplicaSet | k8s.Deployment): number {
  return Number(metadata.annotations?.[REVISION] ?? 0) || 0;
}

/** The revision that the new set has, or gets because it is not the highest. */
export function nextRevision(newSet: k8s.ReplicaSet | undefined, old: readonly k8s.ReplicaSet[]): number {
  const highest = Math.max(0, ...old.map(revisionOf));
  const own = newSet ? revisionOf(newSet) : 0;
  return own > highest ? own : highest + 1;
}

/** Annotations that the new set must have; those it has of old kinds stay. */
export function newSetAnnotations(
  deployment: k8s.Deployment,
  newSet: k8s.ReplicaSet | undefined,
  revision: number,
): Record<string, string> {
  const copied = Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => !NOT_COPIED.has(key));
  const before = newSet ? revisionOf(newSet) : 0;
  const history = newSet?.metadata.annotations?.[REVISION_HISTORY];
  return {
    ...Object.fromEntries(copied),
    [REVISION]: String(revision),
    ...(before > 0 && before !== revision && { [REVISION_HISTORY]: [history, before].filter(Boolean).join(",") }),
  };
}

export function sizeAnnotations(replicas: number, maxSurge: number): Record<string, string> {
  return { [DESIRED_REPLICAS]: String(replicas), [MAX_REPLICAS]: String(replicas + maxSurge) };
}

/** A ReplicaSet for the Deployment's template. */
export function newSetDraft(
  deployment: k8s.Deployment,
  replicas: number,
  annotations: Record<string, string>,
): Draft<k8s.ReplicaSet> {
  const { metadata, spec } = deployment;
  const hash = { [HASH_LABEL]: templateHash(deployment) };
  const labels = { ...spec.template.metadata?.labels, ...hash };
  return {
    metadata: {
      name: newSetName(deployment),
      ...(metadata.namespace && { namespace: metadata.namespace }),
      labels,
      annotations,
    },
    spec: {
      replicas,
      ...(spec.minReadySeconds !== undefined && { minReadySeconds: spec.minReadySeconds }),
      selector: { ...spec.selector, matchLabels: { ...spec.selector.matchLabels, ...hash } },
      template: { ...spec.template, metadata: { ...spec.template.metadata, labels } as ObjectMeta },
    },
  };
}
