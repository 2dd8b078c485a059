/** Makes persistent volumes out of directories of this machine, and removes those that nobody claims any more. */
import { chmod, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { PersistentVolume, PersistentVolumeClaim, StorageClass } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { type Context, type Controller, controller } from "#engine/controller/controller.ts";
import { settled } from "#engine/controller/outcome.ts";
import { hasReason } from "#kit/status.ts";

/** The `provisioner` of StorageClasses whose volumes are made here. */
export const LOCAL_PROVISIONER = "slipway.dev/local";

/** Where volumes are kept in a node's data directory. */
export const VOLUMES = "volumes";

const PROVISIONER = "volume.kubernetes.io/storage-provisioner";
const SELECTED_NODE = "volume.kubernetes.io/selected-node";
const PROVISIONED_BY = "pv.kubernetes.io/provisioned-by";
const HOST_NAME = "kubernetes.io/hostname";
/** Every user in a container may write, as in the root of a new disk that was given to the pod. */
const OPEN_TO_ALL = 0o777;

export type LocalStorage = {
  nodeName: string;
  /** Where the volumes are kept, a directory each. */
  directory: string;
};

/** The controllers of the provisioner of one node. */
export function localProvisioner(storage: LocalStorage): Controller<never>[] {
  return [makeVolumes(storage), removeVolumes(storage)] as unknown as Controller<never>[];
}

function makeVolumes(storage: LocalStorage): Controller<k8s.PersistentVolumeClaim> {
  return controller<k8s.PersistentVolumeClaim>({
    name: `local-storage/${storage.nodeName}`,
    reportsAs: LOCAL_PROVISIONER,
    for: PersistentVolumeClaim,
    async reconcile({ metadata, spec }, context) {
      const { [PROVISIONER]: provisioner, [SELECTED_NODE]: node = storage.nodeName } = metadata.annotations ?? {};
      if (provisioner !== LOCAL_PROVISIONER || spec?.volumeName || node !== storage.nodeName) return settled();
      const name = `pvc-${metadata.uid}`;
      if (await context.get(PersistentVolume, name)) return settled();
      if (spec?.volumeMode === "Block") {
        const message = `failed to provision volume with StorageClass "${spec.storageClassName}": local storage has no block volumes`;
        context.event("Warning", "ProvisioningFailed", message);
        return settled();
      }
      const claimed = `${metadata.namespace}/${metadata.name}`;
      context.event("Normal", "Provisioning", `External provisioner is provisioning volume for claim "${claimed}"`);
      await provision(name, { metadata, spec }, storage, context);
      context.event("Normal", "ProvisioningSucceeded", `Successfully provisioned volume ${name}`);
      return settled();
    },
  });
}

type ClaimFacts = Pick<k8s.PersistentVolumeClaim, "metadata" | "spec">;

async function provision(name: string, claim: ClaimFacts, storage: LocalStorage, context: Context): Promise<void> {
  const { metadata, spec } = claim;
  const storageClass = await context.get(StorageClass, spec?.storageClassName ?? "");
  const path = join(storage.directory, `${metadata.namespace}_${metadata.name}_${name}`);
  await mkdir(path, { recursive: true });
  await chmod(path, OPEN_TO_ALL);
  const { uid, namespace, resourceVersion } = metadata;
  const claimRef = {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    name: metadata.name,
    namespace,
    uid,
    resourceVersion,
  };
  const terms = [{ matchExpressions: [{ key: HOST_NAME, operator: "In", values: [storage.nodeName] }] }];
  try {
    await context.client.create(PersistentVolume, {
      metadata: { name, annotations: { [PROVISIONED_BY]: LOCAL_PROVISIONER } },
      spec: {
        accessModes: spec?.accessModes ?? [],
        capacity: { storage: spec?.resources?.requests?.storage ?? "0" },
        claimRef,
        local: { path },
        nodeAffinity: { required: { nodeSelectorTerms: terms } },
        persistentVolumeReclaimPolicy: storageClass?.reclaimPolicy ?? "Delete",
        ...(spec?.storageClassName && { storageClassName: spec.storageClassName }),
        volumeMode: "Filesystem",
      },
    } as never);
  } catch (error) {
    if (!hasReason(error, "AlreadyExists")) throw error;
  }
}

function removeVolumes(storage: LocalStorage): Controller<k8s.PersistentVolume> {
  return controller<k8s.PersistentVolume>({
    name: `local-storage/${storage.nodeName}/reclaim`,
    reportsAs: LOCAL_PROVISIONER,
    for: PersistentVolume,
    async reconcile(given, context) {
      const { name } = given.metadata;
      const volume = (await context.get(PersistentVolume, name)) ?? given;
      const { spec, status, metadata } = volume;
      const path = spec?.local?.path ?? "";
      const isOurs =
        metadata.annotations?.[PROVISIONED_BY] === LOCAL_PROVISIONER && path.startsWith(`${storage.directory}/`);
      if (!isOurs || status?.phase !== "Released" || spec?.persistentVolumeReclaimPolicy !== "Delete") return settled();
      if (await isClaimed(spec.claimRef, context)) return settled();
      await rm(path, { recursive: true, force: true });
      await context.delete(PersistentVolume, { name });
      return settled();
    },
  });
}

/** Asks the server itself: what is removed now never comes back. */
async function isClaimed(reference: k8s.ObjectReference | undefined, { client }: Context): Promise<boolean> {
  const claim = await client.get(PersistentVolumeClaim, reference?.name ?? "", reference?.namespace);
  return claim?.metadata.uid === reference?.uid;
}
