/** CustomResourceDefinitions: defaults, conditions, the finalizer that cleans up their objects. */
import type { CustomResourceDefinitionObject } from "#api/builtin/definition.ts";
import type { Unstructured } from "#api/meta.ts";
import type { Condition } from "#kit/conditions.ts";
import { definitionProblems } from "../resources/legal/definition.ts";
import type { NameConflict } from "../resources/legal/names.ts";
import type { Strategy } from "./strategy.ts";

/** Keeps a deleted definition until all its objects are gone. */
export const CLEANUP_FINALIZER = "customresourcecleanup.apiextensions.k8s.io";

const asDefinition = (object: Unstructured): CustomResourceDefinitionObject =>
  object as unknown as CustomResourceDefinitionObject;

/** The conditions of a definition that has got its names, or that has not because of `conflict`. */
export function nameConditions(conflict: NameConflict | undefined, lastTransitionTime: string): Condition[] {
  const names = conflict
    ? { status: "False" as const, reason: conflict.reason, message: conflict.message }
    : { status: "True" as const, reason: "NoConflicts", message: "no conflicts found" };
  const established = conflict
    ? { status: "False" as const, reason: "NotAccepted", message: "not all names are accepted" }
    : {
        status: "True" as const,
        reason: "InitialNamesAccepted",
        message: "the initial names have been accepted",
      };
  return [
    { lastTransitionTime, ...names, type: "NamesAccepted" },
    { lastTransitionTime, ...established, type: "Established" },
  ];
}

function accept(draft: Unstructured): void {
  const definition = asDefinition(draft);
  const stored = definition.spec.versions.find((version) => version.storage)?.name ?? "";
  definition.status = {
    conditions: nameConditions(undefined, draft.metadata.creationTimestamp ?? ""),
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
  /** Sets the condition that clients wait for while the definition's objects are being removed. */
  prepareDelete: (draft) => {
    const { status, metadata } = asDefinition(draft);
    if (!status) return;
    const terminating: Condition = {
      lastTransitionTime: metadata.deletionTimestamp ?? "",
      message: "CustomResource deletion is in progress",
      reason: "InstanceDeletionInProgress",
      status: "True",
      type: "Terminating",
    };
    status.conditions = [...status.conditions.filter(({ type }) => type !== "Terminating"), terminating];
  },
  validate: (draft, current) => definitionProblems(asDefinition(draft), current && asDefinition(current)),
};
