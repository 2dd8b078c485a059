/** Which objects belong to a workload: those it owns and selects, orphans to adopt, strays to release. Pure. */
import { controllerOf, type ObjectMeta, type OwnerReference } from "#api/meta.ts";
import { compileSelector, type LabelSelector } from "#kit/selector.ts";

type Claimable = { metadata: ObjectMeta };

export type Claim<T> = {
  owned: T[];
  /** Match the selector and belong to nobody. */
  adopt: T[];
  /** Belong to the owner but do not match its selector any more. */
  release: T[];
};

/** Sorts `candidates` by their relation to `owner`. A selector without requirements selects nothing. */
export function claim<T extends Claimable>(
  owner: Claimable,
  selector: LabelSelector | undefined,
  candidates: readonly T[],
): Claim<T> {
  const matches = isEmpty(selector) ? () => false : compileSelector(selector);
  const result: Claim<T> = { owned: [], adopt: [], release: [] };
  for (const candidate of candidates) {
    const controller = controllerOf(candidate);
    const selected = matches(candidate.metadata.labels);
    if (controller && controller.uid !== owner.metadata.uid) continue;
    if (controller) (selected ? result.owned : result.release).push(candidate);
    else if (selected && !candidate.metadata.deletionTimestamp && !owner.metadata.deletionTimestamp)
      result.adopt.push(candidate);
  }
  return result;
}

function isEmpty(selector: LabelSelector | undefined): selector is undefined {
  return !selector || (Object.keys(selector.matchLabels ?? {}).length === 0 && !selector.matchExpressions?.length);
}

/** The merge patch that makes `object` a child of `owner`; it fails when the object changed meanwhile. */
export function adoption(object: Claimable, owner: OwnerReference): { metadata: Partial<ObjectMeta> } {
  const { ownerReferences = [], resourceVersion } = object.metadata;
  return withVersion({ ownerReferences: [...ownerReferences, owner] }, resourceVersion);
}

/** The merge patch that frees `object` from the owner with `uid`. */
export function release(object: Claimable, uid: string | undefined): { metadata: Partial<ObjectMeta> } {
  const { ownerReferences = [], resourceVersion } = object.metadata;
  return withVersion({ ownerReferences: ownerReferences.filter((owner) => owner.uid !== uid) }, resourceVersion);
}

function withVersion(metadata: Partial<ObjectMeta>, resourceVersion: string | undefined) {
  return { metadata: { ...metadata, ...(resourceVersion && { resourceVersion }) } };
}

/** A controller reference to `owner`. */
export function controllerReference(owner: Claimable & { apiVersion: string; kind: string }): OwnerReference {
  const { name, uid = "" } = owner.metadata;
  return { apiVersion: owner.apiVersion, kind: owner.kind, name, uid, controller: true, blockOwnerDeletion: true };
}
