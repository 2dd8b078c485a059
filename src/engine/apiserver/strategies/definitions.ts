/** CustomResourceDefinitions: names, conditions, the finalizer that cleans up their objects. */
import type { CustomResourceDefinitionObject } from "#api/builtin/definition.ts";
import type { Unstructured } from "#api/meta.ts";
import type { FieldError } from "#kit/status.ts";
import type { Strategy } from "./strategy.ts";

/** Keeps a deleted definition until all its objects are gone. */
export const CLEANUP_FINALIZER = "customresourcecleanup.apiextensions.k8s.io";

const asDefinition = (object: Unstructured): CustomResourceDefinitionObject =>
  object as unknown as CustomResourceDefinitionObject;

function required(field: string): FieldError {
  return { field, reason: "FieldValueRequired", message: "Required value" };
}

function validate(draft: Unstructured, current: Unstructured | undefined): FieldError[] {
  const { metadata, spec } = asDefinition(draft);
  if (!spec?.group || !spec.names?.plural || !spec.names.kind)
    return [required(!spec?.group ? "spec.group" : !spec.names?.plural ? "spec.names.plural" : "spec.names.kind")];
  const errors: FieldError[] = [];
  const invalid = (field: string, message: string): void => {
    errors.push({ field, reason: "FieldValueInvalid", message });
  };
  if (metadata.name !== `${spec.names.plural}.${spec.group}`)
    invalid("metadata.name", `Invalid value: "${metadata.name}": must be spec.names.plural+"."+spec.group`);
  if (!spec.versions?.length) errors.push(required("spec.versions"));
  else if (spec.versions.filter((version) => version.storage).length !== 1)
    invalid("spec.versions", "Invalid value: must have exactly one version marked as storage version");
  spec.versions?.forEach((version, index) => {
    if (!version.schema?.openAPIV3Schema) errors.push(required(`spec.versions[${index}].schema.openAPIV3Schema`));
  });
  if (spec.scope !== "Namespaced" && spec.scope !== "Cluster")
    errors.push({
      field: "spec.scope",
      reason: "FieldValueNotSupported",
      message: `Unsupported value: "${spec.scope ?? ""}": supported values: "Cluster", "Namespaced"`,
    });
  const before = current && asDefinition(current).spec;
  if (before && before.scope !== spec.scope)
    invalid("spec.scope", `Invalid value: "${spec.scope}": field is immutable`);
  if (before && before.names.kind !== spec.names.kind)
    invalid("spec.names.kind", `Invalid value: "${spec.names.kind}": field is immutable`);
  return errors;
}

function accept(draft: Unstructured): void {
  const definition = asDefinition(draft);
  const at = draft.metadata.creationTimestamp ?? "";
  const stored = definition.spec.versions.find((version) => version.storage)?.name ?? "";
  definition.status = {
    conditions: [
      {
        lastTransitionTime: at,
        message: "no conflicts found",
        reason: "NoConflicts",
        status: "True",
        type: "NamesAccepted",
      },
      {
        lastTransitionTime: at,
        message: "the initial names have been accepted",
        reason: "InitialNamesAccepted",
        status: "True",
        type: "Established",
      },
    ],
    acceptedNames: { ...definition.spec.names },
    storedVersions: [stored],
  };
}

export const definitionStrategy: Strategy = {
  generation: true,
  defaults: (draft) => {
    const { spec } = asDefinition(draft);
    if (!spec?.names?.kind) return;
    spec.names.singular ||= spec.names.kind.toLowerCase();
    spec.names.listKind ||= `${spec.names.kind}List`;
    spec.conversion ??= { strategy: "None" };
  },
  prepareCreate: (draft) => {
    draft.metadata.finalizers = [...new Set([...(draft.metadata.finalizers ?? []), CLEANUP_FINALIZER])];
    if (asDefinition(draft).spec?.versions) accept(draft);
  },
  prepareUpdate: (draft) => {
    const definition = asDefinition(draft);
    const stored = definition.spec.versions?.find((version) => version.storage)?.name;
    if (!definition.status || !stored) return;
    definition.status.acceptedNames = { ...definition.spec.names };
    definition.status.storedVersions = [...new Set([...definition.status.storedVersions, stored])];
  },
  validate,
};
