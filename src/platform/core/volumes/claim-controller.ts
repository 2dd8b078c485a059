/** Gives PersistentVolumeClaims their volumes: ones that are there, or ones that a provisioner is asked for. */
import { Node, PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { type Context, type Controller, controller, type EventType } from "#engine/controller/controller.ts";
import { type Outcome, settled } from "#engine/controller/outcome.ts";
import { Announcements } from "../announcements.ts";
import { findVolume, isReservedFor } from "./match.ts";

const SELECTED_NODE = "volume.kubernetes.io/selected-node";
const PROVISIONER = "volume.kubernetes.io/storage-provisioner";
const OLD_PROVISIONER = "volume.beta.kubernetes.io/storage-provisioner";
const BIND_COMPLETED = "pv.kubernetes.io/bind-completed";
const BOUND_BY_US = "pv.kubernetes.io/bound-by-controller";
const DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class";
const NO_PROVISIONER = "kubernetes.io/no-provisioner";

type Result = Outcome<k8s.PersistentVolumeClaimStatus>;
type Claim = k8s.PersistentVolumeClaim;
/** Records an event about the claim that is looked at, unless it was said before. */
type Say = (type: EventType, reason: string, message: string) => void;
type Pass = { context: Context; say: Say };

/** Reconciles PersistentVolumeClaims. */
export function claimController(): Controller<Claim> {
  const told = new Announcements();
  return controller<Claim>({
    name: "core/volume-claim",
    reportsAs: "persistentvolume-controller",
    for: PersistentVolumeClaim,
    finalizer: "kubernetes.io/pvc-protection",
    async reconcile(given, context) {
      const { name, namespace } = given.metadata;
      // read through the context, so that every change of the claim wakes us
      const claim = (await context.get(PersistentVolumeClaim, name, namespace)) ?? given;
      const say: Say = (type, reason, message) =>
        told.announce(claim, message, () => context.event(type, reason, message));
      if (claim.spec?.volumeName) return await keep(claim, claim.spec.volumeName, { context, say });
      return await findOrProvision(await withClass(claim, context), { context, say });
    },
    async finalize(claim, context) {
      const { name, namespace } = claim.metadata;
      const pods = await context.list(Pod, { namespace });
      if (pods.some((pod) => isUsedBy(name, pod))) return false;
      told.forget(claim);
      return undefined;
    },
  });
}

/** A claim that asks for no class gets the one that is everybody's. */
async function withClass(claim: Claim, context: Context): Promise<Claim> {
  if (claim.spec?.storageClassName !== undefined) return claim;
  const classes = await context.list(StorageClass);
  const standard = classes.find(({ metadata }) => metadata.annotations?.[DEFAULT_CLASS] === "true");
  if (!standard) return claim;
  const body = { spec: { storageClassName: standard.metadata.name } };
  return await context.patch(PersistentVolumeClaim, claim.metadata, body);
}

async function findOrProvision(claim: Claim, { context, say }: Pass): Promise<Result> {
  const className = claim.spec?.storageClassName ?? "";
  const storage = className ? await context.get(StorageClass, className) : undefined;
  const waits = storage?.volumeBindingMode === "WaitForFirstConsumer";
  const selected = claim.metadata.annotations?.[SELECTED_NODE];
  const volumes = await context.list(PersistentVolume);
  if (waits && !selected && !volumes.some((volume) => isReservedFor(volume, claim))) {
    say("Normal", "WaitForFirstConsumer", "waiting for first consumer to be created before binding");
    return pending();
  }
  const node = selected ? await context.get(Node, selected) : undefined;
  const volume = findVolume(claim, volumes, node);
  if (volume) return await bind(claim, volume, context);
  if (!storage) return noVolume(className, say);
  if (storage.provisioner === NO_PROVISIONER) return pending();
  await askProvisioner(claim, storage.provisioner, { context, say });
  return pending();
}

function noVolume(className: string, say: Say): Result {
  if (className) say("Warning", "ProvisioningFailed", `storageclass.storage.k8s.io "${className}" not found`);
  else say("Normal", "FailedBinding", "no persistent volumes available for this claim and no storage class is set");
  return pending();
}

function pending(): Result {
  return settled<k8s.PersistentVolumeClaimStatus>({ phase: "Pending" });
}

async function askProvisioner(claim: Claim, provisioner: string, { context, say }: Pass): Promise<void> {
  if (claim.metadata.annotations?.[PROVISIONER] !== provisioner)
    await context.patch(PersistentVolumeClaim, claim.metadata, {
      metadata: { annotations: { [PROVISIONER]: provisioner, [OLD_PROVISIONER]: provisioner } },
    });
  const message = `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`;
  say("Normal", "ExternalProvisioning", message);
}

/** The volume first, then the claim: a claim that says it is bound always is. */
async function bind(claim: Claim, volume: k8s.PersistentVolume, context: Context): Promise<Result> {
  const { name, namespace = "", uid = "", resourceVersion = "" } = claim.metadata;
  const wasReserved = volume.spec?.claimRef !== undefined;
  if (volume.spec?.claimRef?.uid !== uid)
    await context.patch(PersistentVolume, volume.metadata, {
      metadata: {
        resourceVersion: volume.metadata.resourceVersion,
        ...(!wasReserved && { annotations: { [BOUND_BY_US]: "yes" } }),
      },
      spec: {
        claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", name, namespace, uid, resourceVersion },
      },
    });
  const chosen = claim.spec?.volumeName ? {} : { [BOUND_BY_US]: "yes" };
  if (claim.spec?.volumeName !== volume.metadata.name || !claim.metadata.annotations?.[BIND_COMPLETED])
    await context.patch(PersistentVolumeClaim, claim.metadata, {
      metadata: { annotations: { [BIND_COMPLETED]: "yes", ...chosen } },
      spec: { volumeName: volume.metadata.name },
    });
  const { accessModes, capacity } = volume.spec ?? {};
  return settled<k8s.PersistentVolumeClaimStatus>({ phase: "Bound", accessModes, capacity });
}

/** A claim that names its volume: bound to it, waiting for it, or bereft of it. */
async function keep(claim: Claim, volumeName: string, { context, say }: Pass): Promise<Result> {
  const volume = await context.get(PersistentVolume, volumeName);
  const isComplete = claim.metadata.annotations?.[BIND_COMPLETED] !== undefined;
  if (volume && (!volume.spec?.claimRef || isReservedFor(volume, claim))) return await bind(claim, volume, context);
  if (!isComplete) {
    if (volume) say("Warning", "FailedBinding", `volume "${volumeName}" already bound to a different claim.`);
    return pending();
  }
  const lost = volume
    ? "Two claims are bound to the same volume, this one is bound incorrectly"
    : "Bound claim has lost its PersistentVolume. Data on the volume is lost!";
  say("Warning", volume ? "ClaimMisbound" : "ClaimLost", lost);
  return settled<k8s.PersistentVolumeClaimStatus>({ phase: "Lost" });
}

function isUsedBy(name: string, { metadata, spec, status }: k8s.Pod): boolean {
  if (status?.phase === "Succeeded" || status?.phase === "Failed" || !spec.nodeName) return false;
  return (spec.volumes ?? []).some(
    ({ name: volume, persistentVolumeClaim, ephemeral }) =>
      persistentVolumeClaim?.claimName === name || (ephemeral && `${metadata.name}-${volume}` === name),
  );
}
