/** Revisions of a StatefulSet or a DaemonSet: the history of its pod template as ControllerRevisions. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";
import type { ObjectMeta } from "#api/meta.ts";
import { canonicalJson, deepEqual } from "#kit/json.ts";
import type { Draft } from "#ports/kube/client.ts";
import { safeHash } from "./names.ts";

/** What has revisions. */
type Revised = {
  metadata: ObjectMeta;
  spec: { template: k8s.PodTemplateSpec; revisionHistoryLimit?: number };
  status?: { currentRevision?: string; readonly [other: string]: unknown };
};

export const REVISION_LABEL = "controller-revision-hash";
const HASH_LABEL = "controller.kubernetes.io/hash";

/** What has to be done so that the newest revision is that of the template. */
export type RevisionPlan = {
  /** Names of the revisions of the last rollout that was completed, and of the template. */
  current: string;
  update: string;
  create?: Draft<k8s.ControllerRevision>;
  /** An older revision whose content is wanted again becomes the newest. */
  renumber?: { name: string; revision: number };
};

/** `kubectl rollout undo` applies this as a strategic merge patch. */
function dataOf({ spec }: Revised): unknown {
  return { spec: { template: { ...spec.template, $patch: "replace" } } };
}

/** Finds or makes the revision of the template; names in `taken` are not used for a new one. */
export function planRevisions(
  set: Revised,
  revisions: readonly k8s.ControllerRevision[],
  taken: ReadonlySet<string>,
): RevisionPlan {
  const order = revisions.toSorted((left, right) => (left.revision ?? 0) - (right.revision ?? 0));
  const newest = order.at(-1);
  const data = dataOf(set);
  const same = order.findLast((revision) => deepEqual(revision.data, data));
  const next = (newest?.revision ?? 0) + 1;
  const name = same?.metadata.name ?? freeName(set, data, taken);
  const known = order.some(({ metadata }) => metadata.name === set.status?.currentRevision);
  return {
    current: known ? (set.status?.currentRevision ?? name) : name,
    update: name,
    ...(!same && { create: draft(set, { name, data, revision: next }) }),
    ...(same && same !== newest && { renumber: { name, revision: next } }),
  };
}

function freeName(set: Revised, data: unknown, taken: ReadonlySet<string>): string {
  for (let collision = 0; ; collision++) {
    const name = `${set.metadata.name}-${safeHash(`${canonicalJson(data)}${collision || ""}`)}`;
    if (!taken.has(name)) return name;
  }
}

type Content = { name: string; data: unknown; revision: number };

function draft(set: Revised, { name, data, revision }: Content): Draft<k8s.ControllerRevision> {
  const { metadata, spec } = set;
  return {
    metadata: {
      name,
      ...(metadata.namespace && { namespace: metadata.namespace }),
      labels: { ...spec.template.metadata?.labels, [HASH_LABEL]: name.slice(metadata.name.length + 1) },
    },
    data,
    revision,
  };
}

/** The pod template of a revision; that of the set when there is no such revision. */
export function templateOf(
  set: Revised,
  revisions: readonly k8s.ControllerRevision[],
  name: string,
): k8s.PodTemplateSpec {
  const data = revisions.find(({ metadata }) => metadata.name === name)?.data as
    | { spec?: { template?: k8s.PodTemplateSpec & { $patch?: string } } }
    | undefined;
  if (!data?.spec?.template) return set.spec.template;
  const { $patch: _patch, ...template } = data.spec.template;
  return template;
}

/** Revisions that nobody uses, beyond the history limit, oldest first. */
export function outdatedRevisions(
  { spec }: Revised,
  revisions: readonly k8s.ControllerRevision[],
  used: ReadonlySet<string>,
): k8s.ControllerRevision[] {
  const idle = revisions
    .filter(({ metadata }) => !used.has(metadata.name))
    .toSorted((left, right) => (left.revision ?? 0) - (right.revision ?? 0));
  return idle.slice(0, Math.max(0, idle.length - (spec.revisionHistoryLimit ?? 10)));
}
