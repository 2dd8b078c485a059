/** Says of PersistentVolumes whether they are available, bound or released, and protects those in use. */
import { PersistentVolume, PersistentVolumeClaim } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { type Context, type Controller, controller } from "#engine/controller/controller.ts";
import { type Outcome, settled } from "#engine/controller/outcome.ts";

const PROVISIONED_BY = "pv.kubernetes.io/provisioned-by";

type Result = Outcome<k8s.PersistentVolumeStatus>;

/** Reconciles PersistentVolumes. Data of released ones is removed by the provisioner that made them. */
export function volumeController(): Controller<k8s.PersistentVolume> {
  return controller<k8s.PersistentVolume>({
    name: "core/volume",
    reportsAs: "persistentvolume-controller",
    for: PersistentVolume,
    finalizer: "kubernetes.io/pv-protection",
    async reconcile(given, context) {
      const volume = (await context.get(PersistentVolume, given.metadata.name)) ?? given;
      const claim = await claimOf(volume, context);
      if (claim === "none") return settled<k8s.PersistentVolumeStatus>({ phase: "Available" });
      if (claim === "gone") return release(volume, context);
      const isBound = claim.spec?.volumeName === volume.metadata.name;
      return settled<k8s.PersistentVolumeStatus>({ phase: isBound ? "Bound" : "Available" });
    },
    async finalize(volume, context) {
      const claim = await claimOf(volume, context);
      return claim === "none" || claim === "gone" ? undefined : false;
    },
  });
}

/** `none`: it has never been bound; `gone`: the claim that it was bound to is not there any more. */
async function claimOf(
  { spec }: k8s.PersistentVolume,
  context: Context,
): Promise<k8s.PersistentVolumeClaim | "none" | "gone"> {
  const { uid, name = "", namespace } = spec?.claimRef ?? {};
  if (!uid) return "none";
  const claim = await context.get(PersistentVolumeClaim, name, namespace);
  return claim?.metadata.uid === uid ? claim : "gone";
}

function release({ metadata, spec }: k8s.PersistentVolume, context: Context): Result {
  const policy = spec?.persistentVolumeReclaimPolicy ?? "Retain";
  if (policy === "Retain" || metadata.annotations?.[PROVISIONED_BY])
    return settled<k8s.PersistentVolumeStatus>({ phase: "Released" });
  const message =
    policy === "Delete"
      ? "no provisioner has made this volume, so none deletes it: use the reclaim policy Retain, and delete it by hand"
      : `reclaim policy ${policy} is not supported: use Retain or Delete`;
  if (metadata.deletionTimestamp === undefined) context.event("Warning", "VolumeFailedDelete", message);
  return settled<k8s.PersistentVolumeStatus>({ phase: "Failed", message });
}
