/** Which volume fits a claim. Pure. */
import type { Node, PersistentVolume, PersistentVolumeClaim } from "#api/builtin/types.gen.ts";
import { parseAmount } from "#kit/amount.ts";
import { compileNodeTerms } from "#kit/node-selector.ts";
import { compileSelector, type LabelSelector } from "#kit/selector.ts";

/** The claim for which a volume is set aside, by name. */
export function isReservedFor({ spec }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  const reference = spec?.claimRef;
  if (reference?.name !== metadata.name || reference.namespace !== metadata.namespace) return false;
  return !reference.uid || reference.uid === metadata.uid;
}

/**
 * The best volume for a claim that has none: one that is set aside for it, or else the smallest that is large enough.
 * `node`: where the volume will be used, when that is known.
 */
export function findVolume(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
  node?: Node,
): PersistentVolume | undefined {
  const reserved = volumes.find((volume) => isReservedFor(volume, claim));
  if (reserved) return reserved;
  const fitting = volumes.filter((volume) => !volume.spec?.claimRef && fits(claim, volume, node));
  return fitting.sort((left, right) => capacityOf(left) - capacityOf(right))[0];
}

function fits({ spec }: PersistentVolumeClaim, volume: PersistentVolume, node: Node | undefined): boolean {
  if (volume.metadata.deletionTimestamp) return false;
  if ((spec?.storageClassName ?? "") !== (volume.spec?.storageClassName ?? "")) return false;
  if ((spec?.volumeMode ?? "Filesystem") !== (volume.spec?.volumeMode ?? "Filesystem")) return false;
  if (capacityOf(volume) < (parseAmount(spec?.resources?.requests?.storage) ?? 0)) return false;
  if (!spec?.accessModes?.every((mode) => volume.spec?.accessModes?.includes(mode))) return false;
  if (spec.selector && !compileSelector(spec.selector as LabelSelector)(volume.metadata.labels)) return false;
  const terms = volume.spec?.nodeAffinity?.required?.nodeSelectorTerms;
  return !node || !terms || compileNodeTerms(terms)(node);
}

function capacityOf({ spec }: PersistentVolume): number {
  return parseAmount(spec?.capacity?.storage) ?? 0;
}
