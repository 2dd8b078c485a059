/** Refuses nodes on which a volume of the pod cannot be. Pure. */
import type { PersistentVolume, PersistentVolumeClaim, Pod } from "#api/builtin/types.gen.ts";
import { compileNodeTerms, type NodePredicate } from "#kit/node-selector.ts";
import { type Filter, type FilterInput, finalRefusal, Impossible, type NodeTest, refusal } from "./filter.ts";

/** Says on which node a claim's volume is to be made. */
export const SELECTED_NODE = "volume.kubernetes.io/selected-node";

const NO_PROVISIONER = "kubernetes.io/no-provisioner";

/** Names of the claims behind a pod's volumes. */
function claimNames({ metadata, spec }: Pod): string[] {
  return (spec.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    if (ephemeral) return [`${metadata.name}-${name}`];
    return persistentVolumeClaim ? [persistentVolumeClaim.claimName] : [];
  });
}

function isBound({ spec, status }: PersistentVolumeClaim): boolean {
  return Boolean(spec?.volumeName) && status?.phase === "Bound";
}

/** The pod's claims that get their volume when a node has been chosen. Throws {@link Impossible} for claims that cannot be used. */
export function unboundClaims({ pod, surroundings }: Omit<FilterInput, "state">): PersistentVolumeClaim[] {
  return claimsOf(pod, surroundings).filter((claim) => !isBound(claim));
}

function claimsOf(pod: Pod, surroundings: FilterInput["surroundings"]): PersistentVolumeClaim[] {
  return claimNames(pod).map((name) => {
    const claim = surroundings.claim(pod.metadata.namespace ?? "", name);
    if (!claim) throw new Impossible(`persistentvolumeclaim "${name}" not found`);
    if (claim.metadata.deletionTimestamp) throw new Impossible(`persistentvolumeclaim "${name}" is being deleted`);
    const { volumeName = "" } = claim.spec ?? {};
    if (claim.status?.phase === "Lost")
      throw new Impossible(`persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${volumeName}"`);
    if (!isBound(claim) && !waitsForConsumer(claim, surroundings))
      throw new Impossible("pod has unbound immediate PersistentVolumeClaims");
    return claim;
  });
}

function waitsForConsumer({ spec }: PersistentVolumeClaim, { storageClass }: FilterInput["surroundings"]): boolean {
  return storageClass(spec?.storageClassName ?? "")?.volumeBindingMode === "WaitForFirstConsumer";
}

export const volumeFilter: Filter = {
  wokenBy: ["node", "volume", "pod"],
  prepare: ({ pod, state, surroundings }) => {
    if (claimNames(pod).length === 0) return undefined;
    const claims = claimsOf(pod, surroundings);
    if (isExclusiveElsewhere(pod, claims, state)) return () => IN_USE;
    const tests = claims.map((claim) =>
      isBound(claim) ? boundTest(claim, surroundings) : unboundTest(claim, surroundings),
    );
    return (node) => tests.map((test) => test(node)).find((reason) => reason !== undefined);
  },
};

const CONFLICT = finalRefusal("node(s) didn't match PersistentVolume's node affinity");

function boundTest({ spec }: PersistentVolumeClaim, { volume }: FilterInput["surroundings"]): NodeTest {
  const found = volume(spec?.volumeName ?? "");
  if (!found) return () => finalRefusal("node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)");
  const reaches = reachableFrom(found);
  return ({ node }) => (reaches(node) ? undefined : CONFLICT);
}

function unboundTest(claim: PersistentVolumeClaim, surroundings: FilterInput["surroundings"]): NodeTest {
  const selected = claim.metadata.annotations?.[SELECTED_NODE];
  const className = claim.spec?.storageClassName ?? "";
  const provisioner = surroundings.storageClass(className)?.provisioner;
  const provisions = provisioner !== undefined && provisioner !== NO_PROVISIONER;
  const free = provisions
    ? []
    : surroundings
        .volumes()
        .filter(({ spec, status }) => spec?.storageClassName === className && status?.phase === "Available")
        .map(reachableFrom);
  return ({ node }) => {
    if (selected !== undefined && selected !== node.metadata.name) return CONFLICT;
    if (provisions || free.some((reaches) => reaches(node))) return undefined;
    return finalRefusal("node(s) didn't find available persistent volumes to bind");
  };
}

function reachableFrom({ spec }: PersistentVolume): NodePredicate {
  const terms = spec?.nodeAffinity?.required?.nodeSelectorTerms;
  return terms ? compileNodeTerms(terms) : () => true;
}

const IN_USE = refusal(
  "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod",
);

/** A claim that is for one pod only is not given to a second one. */
function isExclusiveElsewhere(
  pod: Pod,
  claims: readonly PersistentVolumeClaim[],
  state: FilterInput["state"],
): boolean {
  const exclusive = claims.filter(({ spec }) => spec?.accessModes?.includes("ReadWriteOncePod"));
  if (exclusive.length === 0) return false;
  const names = new Set(exclusive.map(({ metadata }) => metadata.name));
  for (const { pod: other } of state.pods())
    if (other.metadata.namespace === pod.metadata.namespace && claimNames(other).some((name) => names.has(name)))
      return true;
  return false;
}
