/** persistentVolumeClaim and ephemeral volumes: from the claim to a directory of this machine. */
import { stat } from "node:fs/promises";
import { PersistentVolume, PersistentVolumeClaim } from "#api/builtin/index.ts";
import type { PersistentVolume as PersistentVolumeObject, Pod, Volume } from "#api/builtin/types.gen.ts";
import type { KubeClient } from "#ports/kube/client.ts";
import { type HostGuard, requireClaimable } from "./host-guard.ts";
import { prepareHostPath } from "./host-path.ts";
import { type MountedVolume, VolumeError } from "./volume.ts";

/** The name of the claim behind a volume; undefined for volumes of other kinds. */
export function claimNameOf(volume: Volume, pod: Pod): string | undefined {
  if (volume.ephemeral) return `${pod.metadata.name}-${volume.name}`;
  return volume.persistentVolumeClaim?.claimName;
}

export type ClaimedVolume = MountedVolume & {
  /** Whether a pod's fsGroup gets the files. */
  hasOwner: boolean;
};

/** Where the claim's volume is. Throws VolumeError while the claim is not bound to a volume that this node can use. */
export async function claimedVolume(
  volume: Volume,
  pod: Pod,
  { client, hostGuard }: { client: KubeClient; hostGuard: HostGuard },
): Promise<ClaimedVolume> {
  const name = claimNameOf(volume, pod) ?? "";
  const { namespace = "" } = pod.metadata;
  const claim = await client.get(PersistentVolumeClaim, name, namespace);
  if (!claim) throw new VolumeError(`persistentvolumeclaim "${name}" not found`);
  const isOwned = claim.metadata.ownerReferences?.some(({ uid }) => uid === pod.metadata.uid);
  if (volume.ephemeral && !isOwned)
    throw new VolumeError(`PVC ${namespace}/${name} was not created for pod ${namespace}/${pod.metadata.name}`);
  const { volumeName } = claim.spec ?? {};
  if (claim.status?.phase !== "Bound" || !volumeName)
    throw new VolumeError(`error processing PVC ${namespace}/${name}: PVC is not bound`);
  const found = await client.get(PersistentVolume, volumeName);
  if (!found || found.spec?.claimRef?.uid !== claim.metadata.uid)
    throw new VolumeError(`PVC ${namespace}/${name} is bound to volume ${volumeName}, which is not bound to it`);
  return await located(found, volume.persistentVolumeClaim?.readOnly ?? false, hostGuard);
}

async function located(
  { metadata, spec }: PersistentVolumeObject,
  readOnly: boolean,
  guard: HostGuard,
): Promise<ClaimedVolume> {
  if (spec?.hostPath) {
    await prepareHostPath(spec.hostPath, guard);
    return { path: spec.hostPath.path, readOnly, hasOwner: false, isOfHost: true };
  }
  const path = spec?.local?.path;
  if (!path)
    throw new VolumeError(`volume ${metadata.name} is of a kind that this node cannot use: use local or hostPath`);
  if (!(await stat(path).catch(() => undefined))) throw new VolumeError(`path "${path}" does not exist`);
  await requireClaimable(path, guard);
  return { path, readOnly, hasOwner: true, isOfHost: true };
}
