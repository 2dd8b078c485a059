/** Columns of the kinds that say what a cluster has and who may use it. */
import type {
  CertificateSigningRequest,
  CSIDriver,
  CSINode,
  Lease,
  MutatingWebhookConfiguration,
  PersistentVolume,
  PersistentVolumeClaim,
  PriorityClass,
  ResourceQuota,
  RoleBinding,
  RuntimeClass,
  StorageClass,
  Subject,
  VolumeAttachment,
} from "#api/builtin/types.gen.ts";
import { renderDuration } from "../age.ts";
import { age, type ColumnsByKind, CREATED_COLUMNS, columns, flag, inOrder, integer, text } from "../columns.ts";

const MODES: { readonly [mode: string]: string } = {
  ReadWriteOnce: "RWO",
  ReadOnlyMany: "ROX",
  ReadWriteMany: "RWX",
  ReadWriteOncePod: "RWOP",
};

function accessModes(modes: readonly string[] | undefined): string {
  const given = new Set(modes);
  return Object.entries(MODES)
    .flatMap(([mode, short]) => (given.has(mode) ? [short] : []))
    .join(",");
}

function claimOf({ spec }: PersistentVolume): string {
  const { namespace = "", name = "" } = spec?.claimRef ?? {};
  return name ? `${namespace}/${name}` : "";
}

function subjects({ subjects: all }: RoleBinding, kind: string): string {
  const named = (all ?? []).filter((subject) => subject.kind === kind);
  const shown = ({ name, namespace }: Subject): string =>
    kind === "ServiceAccount" ? `${namespace ?? ""}/${name}` : name;
  return named.map(shown).join(", ");
}

const roleBinding = columns<RoleBinding>(
  text("Role", ({ roleRef }) => `${roleRef?.kind}/${roleRef?.name}`),
  text("Users", (binding) => subjects(binding, "User"), true),
  text("Groups", (binding) => subjects(binding, "Group"), true),
  text("ServiceAccounts", (binding) => subjects(binding, "ServiceAccount"), true),
);

const webhooks = columns<MutatingWebhookConfiguration>(integer("Webhooks", ({ webhooks: all }) => all?.length ?? 0));

function quotaUse({ status }: ResourceQuota, ofLimits: boolean): string {
  const { hard = {}, used = {} } = status ?? {};
  const names = Object.keys(hard).filter((name) => name.startsWith("limits") === ofLimits);
  return names
    .sort()
    .map((name) => `${name}: ${used[name] ?? "0"}/${hard[name]}`)
    .join(", ");
}

const IS_DEFAULT = ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];

function storageClassName({ metadata }: StorageClass): string {
  const isDefault = IS_DEFAULT.some((key) => metadata.annotations?.[key] === "true");
  return isDefault ? `${metadata.name} (default)` : metadata.name;
}

function signingState({ status }: CertificateSigningRequest): string {
  const has = (wanted: string): boolean => status?.conditions?.some(({ type }) => type === wanted) ?? false;
  const decision = has("Denied") ? "Denied" : has("Approved") ? "Approved" : "Pending";
  return [decision, ...(has("Failed") ? ["Failed"] : []), ...(status?.certificate ? ["Issued"] : [])].join(",");
}

/** By `group/plural`. */
export const CLUSTER_COLUMNS: ColumnsByKind = {
  "/persistentvolumeclaims": columns<PersistentVolumeClaim>(
    text("Status", ({ metadata, status }) => (metadata.deletionTimestamp ? "Terminating" : (status?.phase ?? ""))),
    text("Volume", ({ spec }) => spec?.volumeName ?? ""),
    text("Capacity", ({ spec, status }) => (spec?.volumeName ? (status?.capacity?.storage ?? "0") : "")),
    text("Access Modes", ({ spec, status }) => (spec?.volumeName ? accessModes(status?.accessModes) : "")),
    text("StorageClass", ({ spec }) => spec?.storageClassName ?? ""),
    text("VolumeAttributesClass", ({ spec }) => spec?.volumeAttributesClassName || "<unset>"),
    text("VolumeMode", ({ spec }) => spec?.volumeMode ?? "<unset>", true),
  ),
  "/persistentvolumes": columns<PersistentVolume>(
    text("Capacity", ({ spec }) => spec?.capacity?.storage ?? "0"),
    text("Access Modes", ({ spec }) => accessModes(spec?.accessModes)),
    text("Reclaim Policy", ({ spec }) => spec?.persistentVolumeReclaimPolicy ?? ""),
    text("Status", ({ metadata, status }) => (metadata.deletionTimestamp ? "Terminating" : (status?.phase ?? ""))),
    text("Claim", claimOf),
    text("StorageClass", ({ spec }) => spec?.storageClassName ?? ""),
    text("VolumeAttributesClass", ({ spec }) => spec?.volumeAttributesClassName || "<unset>"),
    text("Reason", ({ status }) => status?.reason ?? ""),
    text("VolumeMode", ({ spec }) => spec?.volumeMode ?? "<unset>", true),
  ),
  "storage.k8s.io/storageclasses": [
    { name: "Name", cell: storageClassName },
    ...columns<StorageClass>(
      text("Provisioner", ({ provisioner }) => provisioner),
      text("ReclaimPolicy", ({ reclaimPolicy }) => reclaimPolicy ?? "Delete"),
      text("VolumeBindingMode", ({ volumeBindingMode }) => volumeBindingMode ?? "Immediate"),
      text("AllowVolumeExpansion", ({ allowVolumeExpansion }) => allowVolumeExpansion ?? false),
    ).slice(1),
  ],
  "storage.k8s.io/csidrivers": columns<CSIDriver>(
    flag("AttachRequired", ({ spec }) => spec?.attachRequired ?? true),
    flag("PodInfoOnMount", ({ spec }) => spec?.podInfoOnMount ?? false),
    flag("StorageCapacity", ({ spec }) => spec?.storageCapacity ?? false),
    text("TokenRequests", ({ spec }) => spec?.tokenRequests?.map(({ audience }) => audience).join(",") ?? "<unset>"),
    flag("RequiresRepublish", ({ spec }) => spec?.requiresRepublish ?? false),
    text("Modes", ({ spec }) => spec?.volumeLifecycleModes?.join(",") ?? "<none>"),
  ),
  "storage.k8s.io/csinodes": columns<CSINode>(integer("Drivers", ({ spec }) => spec?.drivers?.length ?? 0)),
  "storage.k8s.io/csistoragecapacities": CREATED_COLUMNS,
  "storage.k8s.io/volumeattachments": columns<VolumeAttachment>(
    { ...text<VolumeAttachment>("Attacher", ({ spec }) => spec.attacher), isName: true },
    text("PV", ({ spec }) => spec.source.persistentVolumeName ?? ""),
    text("Node", ({ spec }) => spec.nodeName),
    flag("Attached", ({ status }) => status?.attached ?? false),
  ),
  "certificates.k8s.io/certificatesigningrequests": inOrder<CertificateSigningRequest>(
    age(),
    text("SignerName", ({ spec }) => spec?.signerName || "<none>"),
    text("Requestor", ({ spec }) => spec?.username ?? ""),
    text("RequestedDuration", ({ spec }) =>
      spec?.expirationSeconds === undefined ? "<none>" : renderDuration(spec.expirationSeconds * 1000),
    ),
    text("Condition", signingState),
  ),
  "/resourcequotas": columns<ResourceQuota>(
    text("Request", (quota) => quotaUse(quota, false)),
    text("Limit", (quota) => quotaUse(quota, true)),
  ),
  "scheduling.k8s.io/priorityclasses": inOrder<PriorityClass>(
    integer("Value", ({ value }) => value ?? 0),
    flag("Global-Default", ({ globalDefault }) => globalDefault ?? false),
    age(),
    text("PreemptionPolicy", ({ preemptionPolicy }) => preemptionPolicy ?? "PreemptLowerPriority"),
  ),
  "node.k8s.io/runtimeclasses": columns<RuntimeClass>(text("Handler", ({ handler }) => handler)),
  "coordination.k8s.io/leases": columns<Lease>(text("Holder", ({ spec }) => spec?.holderIdentity ?? "")),
  "rbac.authorization.k8s.io/rolebindings": roleBinding,
  "rbac.authorization.k8s.io/clusterrolebindings": roleBinding,
  "rbac.authorization.k8s.io/roles": CREATED_COLUMNS,
  "rbac.authorization.k8s.io/clusterroles": CREATED_COLUMNS,
  "apiextensions.k8s.io/customresourcedefinitions": CREATED_COLUMNS,
  "admissionregistration.k8s.io/mutatingwebhookconfigurations": webhooks,
  "admissionregistration.k8s.io/validatingwebhookconfigurations": webhooks,
};
