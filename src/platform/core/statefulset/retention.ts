/** To whom the claims of a StatefulSet's pods belong, as its retention policy says. Pure. */
import { Pod, StatefulSet } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import type { OwnerReference } from "#api/meta.ts";
import { controllerReference } from "../claim.ts";
import { isInRange } from "./pods.ts";

/** What a claim goes with: its pod when that is scaled away, its set, or nothing. */
function ownerOf(set: k8s.StatefulSet, pod: k8s.Pod): OwnerReference | undefined {
  const { whenDeleted = "Retain", whenScaled = "Retain" } = set.spec.persistentVolumeClaimRetentionPolicy ?? {};
  if (whenScaled === "Delete" && !isInRange(set, pod))
    return controllerReference({ ...pod, apiVersion: Pod.apiVersion, kind: Pod.kind });
  if (whenDeleted === "Delete")
    return controllerReference({ ...set, apiVersion: StatefulSet.apiVersion, kind: StatefulSet.kind });
  return undefined;
}

/** The owners that a claim of `pod` has to have; undefined when it has them. Owners of other kinds stay. */
export function planOwners(
  set: k8s.StatefulSet,
  pod: k8s.Pod,
  claim: k8s.PersistentVolumeClaim,
): OwnerReference[] | undefined {
  const owner = ownerOf(set, pod);
  const before = claim.metadata.ownerReferences ?? [];
  const ours = before.filter(
    ({ kind, name, uid }) => uid === set.metadata.uid || (kind === Pod.kind && name === pod.metadata.name),
  );
  if (ours.length === (owner ? 1 : 0) && ours.every(({ uid }) => uid === owner?.uid)) return undefined;
  return [...before.filter((reference) => !ours.includes(reference)), ...(owner ? [owner] : [])];
}
