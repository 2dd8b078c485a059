/** PersistentVolumeClaims, PersistentVolumes and StorageClasses. */
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import { clone, deepEqual, type Mutable } from "#kit/json.ts";
import { parseQuantity } from "#kit/quantity.ts";
import { ACCESS_MODES, checkClaimSpec, defaultClaim, warnOfClaimSpec } from "./claims.ts";
import { checkNodeTerms } from "./pods/scheduling.ts";
import { deprecationOf, warnOfTerms } from "./rules/labels.ts";
import { dnsSubdomain, labelKey } from "./rules/names.ts";
import { type Report, violations } from "./rules/report.ts";
import type { Strategy } from "./strategy.ts";

const asClaim = (object: Unstructured): Mutable<PersistentVolumeClaim> =>
  object as unknown as Mutable<PersistentVolumeClaim>;
const CLAIM_FIXED =
  "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";

/** Keeps a finalizer on a new object, so that nobody loses what is in use. */
function protect(draft: Unstructured, finalizer: string): void {
  const { finalizers = [] } = draft.metadata;
  draft.metadata.finalizers = finalizers.includes(finalizer) ? finalizers : [...finalizers, finalizer];
}

const CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class";

function warnOfClassAnnotation({ metadata }: Unstructured): string[] {
  if (metadata.annotations?.[CLASS_ANNOTATION] === undefined) return [];
  return [`metadata.annotations[${CLASS_ANNOTATION}]: deprecated since v1.8; use "storageClassName" attribute instead`];
}

const RESIZE_STATES = [
  ...["ControllerResizeInProgress", "ControllerResizeInfeasible"],
  ...["NodeResizeInProgress", "NodeResizeInfeasible", "NodeResizePending"],
];

function checkClaimStatus({ status = {} }: PersistentVolumeClaim, report: Report): void {
  for (const [resource, amount] of Object.entries(status.capacity ?? {}))
    if ((parseQuantity(amount)?.nanos ?? 0n) < 0n)
      report.at("capacity").key(resource).invalid(literal(amount), "must be a valid resource quantity");
  for (const [resource, state] of Object.entries(status.allocatedResourceStatuses ?? {})) {
    const at = report.at("allocatedResourceStatuses");
    if (!isStorage(resource)) at.notSupported(resource, ["storage"]);
    if (!RESIZE_STATES.includes(state)) at.notSupported(resource, RESIZE_STATES);
  }
  for (const [resource, amount] of Object.entries(status.allocatedResources ?? {})) {
    const at = report.at("allocatedResources");
    if (!isStorage(resource)) at.notSupported(resource, ["storage"]);
    else if ((parseQuantity(amount)?.nanos ?? 0n) < 0n)
      at.key(resource).invalid(literal(amount), "must be a valid resource quantity");
  }
}

/** Storage, or something that a driver calls its own. */
function isStorage(resource: string): boolean {
  return resource === "storage" || (resource.includes("/") && !resource.includes("kubernetes.io/"));
}

/** Whole numbers are shown without quotes. */
function literal(amount: string): string | number {
  return /^-?\d+$/.test(amount) ? Number(amount) : amount;
}

export const claimStrategy: Strategy = {
  validateStatus: (draft) =>
    violations((report) => {
      checkClaimStatus(asClaim(draft), report.at("status"));
    }),
  warn: (draft) => [...warnOfClassAnnotation(draft), ...warnOfClaimSpec(asClaim(draft).spec, "spec")],
  returnsDeleted: true,
  defaults: (draft) => defaultClaim(asClaim(draft)),
  prepareCreate: (draft) => {
    asClaim(draft).status = { phase: "Pending" };
    protect(draft, "kubernetes.io/pvc-protection");
  },
  validate: (draft, current) =>
    violations((report) => {
      const { spec } = asClaim(draft);
      checkClaimSpec(spec ?? {}, report.at("spec"));
      if (current) checkClaimChange(asClaim(draft), asClaim(current), report.at("spec"));
    }),
};

function checkClaimChange(
  next: Mutable<PersistentVolumeClaim>,
  before: Mutable<PersistentVolumeClaim>,
  report: Report,
): void {
  const allowed = clone(before.spec ?? {}) as NonNullable<Mutable<PersistentVolumeClaim>["spec"]>;
  if (!allowed.volumeName && next.spec?.volumeName) allowed.volumeName = next.spec.volumeName;
  if (!allowed.storageClassName && next.spec?.storageClassName && before.spec?.storageClassName === undefined)
    allowed.storageClassName = next.spec.storageClassName;
  if (before.status?.phase === "Bound") {
    const requests = next.spec?.resources?.requests;
    if (requests) allowed.resources = { ...allowed.resources, requests };
    const attributes = next.spec?.volumeAttributesClassName;
    if (attributes !== undefined) allowed.volumeAttributesClassName = attributes;
    const [size, earlier] = [requests?.storage, before.spec?.resources?.requests?.storage].map(
      (text) => parseQuantity(text ?? "0")?.nanos ?? 0n,
    );
    if ((size ?? 0n) < (earlier ?? 0n))
      report.at("resources", "requests", "storage").forbidden("field can not be less than status.capacity");
  }
  if (!deepEqual(next.spec ?? {}, allowed)) report.forbidden(CLAIM_FIXED);
}

const asVolume = (object: Unstructured): Mutable<PersistentVolume> => object as unknown as Mutable<PersistentVolume>;
/** Fields of a volume's spec that do not say where it is stored. */
const COMMON = new Set([
  ...["capacity", "accessModes", "claimRef", "persistentVolumeReclaimPolicy", "storageClassName"],
  ...["mountOptions", "volumeMode", "nodeAffinity", "volumeAttributesClassName"],
]);

function sourceOf(spec: object | undefined): [string, unknown][] {
  return Object.entries(spec ?? {}).filter(([field]) => !COMMON.has(field));
}

function warnOfVolume(draft: Unstructured): string[] {
  const { spec } = asVolume(draft);
  const terms = spec?.nodeAffinity?.required?.nodeSelectorTerms ?? [];
  return [
    ...warnOfClassAnnotation(draft),
    ...(spec?.persistentVolumeReclaimPolicy === "Recycle"
      ? [
          "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.",
        ]
      : []),
    ...warnOfTerms(terms.map((term, index) => [`spec.nodeAffinity.required.nodeSelectorTerms[${index}]`, term])),
  ];
}

export const volumeStrategy: Strategy = {
  warn: warnOfVolume,
  returnsDeleted: true,
  defaults: (draft) => {
    const { spec } = asVolume(draft);
    if (!spec) return;
    spec.persistentVolumeReclaimPolicy ??= "Retain";
    spec.volumeMode ??= "Filesystem";
    if (spec.hostPath) spec.hostPath.type ??= "";
  },
  prepareCreate: (draft) => {
    const lastPhaseTransitionTime = draft.metadata.creationTimestamp ?? "";
    asVolume(draft).status = { phase: "Pending", lastPhaseTransitionTime };
    protect(draft, "kubernetes.io/pv-protection");
  },
  validate: (draft, current) =>
    violations((report) => {
      const { spec } = asVolume(draft);
      checkVolume(spec ?? {}, report.at("spec"));
      if (!current) return;
      const before = asVolume(current).spec;
      if (!deepEqual(sourceOf(spec), sourceOf(before)))
        report
          .at("spec", "persistentvolumesource")
          .forbidden("spec.persistentvolumesource is immutable after creation");
      if (spec?.volumeMode !== before?.volumeMode)
        report.at("volumeMode").invalid(spec?.volumeMode ?? null, "field is immutable");
    }),
};

function checkVolume(spec: Mutable<NonNullable<PersistentVolume["spec"]>>, report: Report): void {
  const { capacity = {} } = spec;
  if (Object.keys(capacity).length === 0) report.at("capacity").required();
  else if (capacity.storage === undefined || Object.keys(capacity).length > 1)
    report.at("capacity").notSupported(capacity, ["storage"]);
  else if ((parseQuantity(capacity.storage)?.nanos ?? 0n) <= 0n)
    report.at("capacity").key("storage").invalid(capacity.storage, "must be greater than zero");
  report.at("persistentVolumeReclaimPolicy").oneOf(spec.persistentVolumeReclaimPolicy, ["Delete", "Recycle", "Retain"]);
  checkVolumeSource(spec, report);
  if (spec.storageClassName)
    report.at("storageClassName").invalidFor(spec.storageClassName, dnsSubdomain(spec.storageClassName));
  if (spec.volumeMode !== undefined) report.at("volumeMode").oneOf(spec.volumeMode, ["Block", "Filesystem"]);
}

/** How a volume may be used, where, and the one thing that it is made of. */
export function checkVolumeSource(spec: Mutable<NonNullable<PersistentVolume["spec"]>>, report: Report): void {
  const { accessModes = [], nodeAffinity } = spec;
  if (accessModes.length === 0) report.at("accessModes").required();
  for (const mode of accessModes) report.at("accessModes").oneOf(mode, ACCESS_MODES);
  if (nodeAffinity)
    checkNodeTerms(nodeAffinity.required?.nodeSelectorTerms ?? [], report.at("nodeAffinity", "required"));
  const [first, ...others] = sourceOf(spec);
  if (!first) report.required("must specify a volume type");
  for (const [other] of others) report.at(other).forbidden("may not specify more than 1 volume type");
}

const asClass = (object: Unstructured): Mutable<StorageClass> => object as unknown as Mutable<StorageClass>;
const MAX_PARAMETERS = 512;

export const storageClassStrategy: Strategy = {
  warn: (draft) =>
    ((draft as unknown as StorageClass).allowedTopologies ?? []).flatMap(({ matchLabelExpressions = [] }, term) =>
      matchLabelExpressions.flatMap(({ key }, index) => {
        const said = deprecationOf(key);
        return said ? [`allowedTopologies[${term}].matchLabelExpressions[${index}].key: ${said}`] : [];
      }),
    ),
  returnsDeleted: true,
  defaults: (draft) => {
    const object = asClass(draft);
    object.reclaimPolicy ??= "Delete";
    object.volumeBindingMode ??= "Immediate";
  },
  validate: (draft, current) =>
    violations((report) => {
      const { provisioner, parameters = {}, reclaimPolicy, volumeBindingMode } = asClass(draft);
      if (current) {
        const before = asClass(current);
        for (const field of ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"] as const)
          if (!deepEqual(asClass(draft)[field], before[field]))
            report.at(field).invalid(asClass(draft)[field] ?? null, "field is immutable");
        return;
      }
      if (report.at("provisioner").needs(provisioner))
        report.at("provisioner").invalidFor(provisioner, labelKey(provisioner.toLowerCase()));
      if (Object.hasOwn(parameters, "")) report.at("parameters").invalid("", "field can not be empty.");
      if (Object.keys(parameters).length > MAX_PARAMETERS) report.at("parameters").tooLong(MAX_PARAMETERS);
      report.at("reclaimPolicy").oneOf(reclaimPolicy, ["Delete", "Retain"]);
      report.at("volumeBindingMode").oneOf(volumeBindingMode, ["Immediate", "WaitForFirstConsumer"]);
    }),
};
