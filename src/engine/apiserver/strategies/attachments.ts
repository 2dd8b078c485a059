/** VolumeAttachments: which volume a driver is to attach to which node. */
import type { PersistentVolumeSpec, VolumeAttachment, VolumeAttachmentSpec } from "#api/builtin/types.gen.ts";
import { deepEqual, type Mutable } from "#kit/json.ts";
import { dnsSubdomain } from "./rules/names.ts";
import { type Report, violations } from "./rules/report.ts";
import type { Strategy } from "./strategy.ts";
import { checkVolumeSource } from "./volumes.ts";
import { draftOf } from "./workloads/shared.ts";

const LARGEST_CODE = 2 ** 31 - 1;
const ONE_SOURCE = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";

export const attachmentStrategy: Strategy = {
  returnsDeleted: true,
  prepareCreate: (draft) => {
    draft.status = {};
  },
  validate: (draft, current) =>
    violations((report) => {
      const { spec } = draftOf<VolumeAttachment>(draft);
      const before = current && draftOf<VolumeAttachment>(current).spec;
      if (!before) checkSpec(spec ?? {}, report.at("spec"));
      else if (!deepEqual(spec, before)) report.at("spec").invalid(shownSpec(spec), "field is immutable");
    }),
  prepareStatus: (draft, current) => {
    const { labels, annotations, finalizers, ownerReferences } = current.metadata;
    for (const field of ["labels", "annotations", "finalizers", "ownerReferences"] as const)
      delete draft.metadata[field];
    if (labels) draft.metadata.labels = { ...labels };
    if (annotations) draft.metadata.annotations = { ...annotations };
    if (finalizers) draft.metadata.finalizers = [...finalizers];
    if (ownerReferences) draft.metadata.ownerReferences = [...ownerReferences];
  },
  validateStatus: (draft) =>
    violations((report) => {
      const { attachError, detachError } = draftOf<VolumeAttachment>(draft).status ?? {};
      for (const [field, error] of Object.entries({ attachError, detachError }))
        if (error?.errorCode !== undefined)
          report.at("status", field, "errorCode").between(error.errorCode, 0, LARGEST_CODE);
    }),
};

function checkSpec({ attacher = "", source, nodeName = "" }: Partial<VolumeAttachmentSpec>, report: Report): void {
  if (report.at("attacher").needs(attacher)) report.at("attacher").invalidFor(attacher, dnsSubdomain(attacher));
  checkSource(source ?? {}, report.at("source"));
  report.at("nodeName").invalidFor(nodeName, dnsSubdomain(nodeName));
}

function checkSource(source: VolumeAttachmentSpec["source"], report: Report): void {
  const { persistentVolumeName: name, inlineVolumeSpec: inline } = source;
  if (inline && name !== undefined) report.forbidden(ONE_SOURCE);
  else if (inline) checkInline(inline, report.at("inlineVolumeSpec"));
  else if (name === undefined) report.required(ONE_SOURCE);
  else {
    const at = report.at("persistentVolumeName");
    at.needs(name, "must specify non empty persistentVolumeName");
    at.invalidFor(name, dnsSubdomain(name));
  }
}

const NOT_INLINE = "may not be specified in the context of inline volumes";

/** A volume without an object of its own has neither a claim nor a life. */
function checkInline(spec: Mutable<PersistentVolumeSpec>, report: Report): void {
  if (spec.claimRef) report.at("claimRef").forbidden(NOT_INLINE);
  if (Object.keys(spec.capacity ?? {}).length > 0) report.at("capacity").forbidden(NOT_INLINE);
  if (!spec.csi) report.at("csi").required("has to be specified in the context of inline volumes");
  checkVolumeSource(spec, report);
  if (spec.persistentVolumeReclaimPolicy && spec.persistentVolumeReclaimPolicy !== "Retain")
    report.at("persistentVolumeReclaimPolicy").forbidden("may only be Retain in the context of inline volumes");
  if (spec.storageClassName) report.at("storageClassName").forbidden(NOT_INLINE);
  if (spec.volumeMode !== undefined && spec.volumeMode !== "Filesystem")
    report
      .at("volumeMode")
      .forbidden("may not specify volumeMode other than Filesystem in the context of inline volumes");
}

/** As a real server prints it. */
function shownSpec({ attacher = "", source, nodeName = "" }: Partial<VolumeAttachmentSpec>): object {
  const { persistentVolumeName = null, inlineVolumeSpec = null } = source ?? {};
  return {
    Attacher: attacher,
    Source: { PersistentVolumeName: persistentVolumeName, InlineVolumeSpec: inlineVolumeSpec },
    NodeName: nodeName,
  };
}
