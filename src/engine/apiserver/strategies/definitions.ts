/** CustomResourceDefinitions: defaults, conditions, the finalizer that cleans up their objects. */
import type { CustomResourceDefinitionObject } from "#api/builtin/definition.ts";
import type { Unstructured } from "#api/meta.ts";
import type { Condition } from "#kit/conditions.ts";
import { isKnownFormat } from "#kit/schema/formats.ts";
import { firstMisfit, pruneKeywords } from "#kit/schema/legal/known-keywords.ts";
import type { StructuralSchema } from "#kit/schema/structural.ts";
import { definitionProblems } from "../resources/legal/definition.ts";
import type { NameConflict } from "../resources/legal/names.ts";
import { jsonType } from "../verbs/go-types.ts";
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

/** The status of a definition whose names nobody has looked at yet. */
function unjudged({ spec }: CustomResourceDefinitionObject): NonNullable<CustomResourceDefinitionObject["status"]> {
  const stored = (spec?.versions ?? []).filter((version) => version.storage);
  return {
    conditions: null,
    acceptedNames: { plural: "", kind: "" },
    storedVersions: stored.slice(0, 1).map(({ name }) => name ?? ""),
  };
}

/** The version that objects are stored in from now on is one of those that they may be stored in. */
function noteStoredVersion(draft: Unstructured): void {
  const { spec, status } = asDefinition(draft);
  const stored = spec.versions?.find((version) => version.storage)?.name;
  if (status && stored) status.storedVersions = [...new Set([...(status.storedVersions ?? []), stored])];
}

/** The conditions with one that tells that the definition is going. */
export function withTerminating(
  conditions: readonly Condition[] | null,
  lastTransitionTime: string,
  why: { reason: string; message: string },
): Condition[] {
  const others = (conditions ?? []).filter(({ type }) => type !== "Terminating");
  return [...others, { lastTransitionTime, status: "True", ...why, type: "Terminating" }];
}

/** Empty lists are the same as none. */
function dropEmptyLists({ names, versions }: CustomResourceDefinitionObject["spec"]): void {
  const drop = (holder: object, fields: readonly string[]): void => {
    const lists = holder as Record<string, unknown>;
    for (const field of fields) if (Array.isArray(lists[field]) && lists[field].length === 0) delete lists[field];
  };
  drop(names ?? {}, ["shortNames", "categories"]);
  for (const version of versions ?? []) drop(version, ["additionalPrinterColumns", "selectableFields"]);
}

function unknownFormats(schema: StructuralSchema | undefined): string[] {
  if (!schema) return [];
  const { format, items, additionalProperties: others, properties = {} } = schema;
  return [
    ...(format && !isKnownFormat(format) ? [`unrecognized format ${JSON.stringify(format)}`] : []),
    ...unknownFormats(items),
    ...(typeof others === "object" ? unknownFormats(others) : []),
    ...Object.values(properties).flatMap(unknownFormats),
  ];
}

const SCHEMA = "schema.openAPIV3Schema";

function schemaTypeProblem(draft: Unstructured): string | undefined {
  for (const { schema } of versionsOf(draft)) {
    const misfit = schema?.openAPIV3Schema && firstMisfit(schema.openAPIV3Schema, `spec.versions.${SCHEMA}`);
    if (misfit) {
      const { path, value, type } = misfit;
      return `json: cannot unmarshal ${jsonType(value)} into Go struct field JSONSchemaProps.${path} of type ${type}`;
    }
  }
  return undefined;
}

function versionsOf(draft: Unstructured): CustomResourceDefinitionObject["spec"]["versions"] {
  const { versions } = asDefinition(draft).spec ?? {};
  return Array.isArray(versions) ? versions : [];
}

export const definitionStrategy: Strategy = {
  warn: (draft) => [...new Set(versionsOf(draft).flatMap(({ schema }) => unknownFormats(schema?.openAPIV3Schema)))],
  typeProblem: schemaTypeProblem,
  prune: (draft) =>
    versionsOf(draft).flatMap(({ schema }, at) =>
      schemaTypeProblem(draft) ? [] : pruneKeywords(schema?.openAPIV3Schema, `spec.versions[${at}].${SCHEMA}`),
    ),
  generation: true,
  defaults: (draft) => {
    const definition = asDefinition(draft);
    definition.spec ??= {} as CustomResourceDefinitionObject["spec"];
    const { spec } = definition;
    spec.conversion ??= { strategy: "None" };
    dropEmptyLists(spec);
    if (!spec.names?.kind) return;
    spec.names.singular ||= spec.names.kind.toLowerCase();
    spec.names.listKind ||= `${spec.names.kind}List`;
  },
  prepareCreate: (draft) => {
    const definition = asDefinition(draft);
    definition.status = unjudged(definition);
  },
  prepareUpdate: noteStoredVersion,
  prepareStatus: (draft) => {
    const { status } = asDefinition(draft);
    if (status && !status.storedVersions?.length) noteStoredVersion(draft);
    const conditions: { lastTransitionTime?: string | null }[] = status?.conditions ?? [];
    for (const condition of conditions) condition.lastTransitionTime ??= null;
  },
  /** The definition stays until its objects are gone; a condition tells that they will go. */
  markDeleted: (draft, at) => {
    const { metadata, status } = asDefinition(draft);
    if (metadata.deletionTimestamp !== undefined) return;
    metadata.deletionTimestamp = at;
    metadata.finalizers = [...new Set([...(metadata.finalizers ?? []), CLEANUP_FINALIZER])];
    if (status)
      status.conditions = withTerminating(status.conditions, at, {
        reason: "InstanceDeletionPending",
        message: "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
      });
  },
  validateStatus: (draft, current) => definitionProblems(asDefinition(draft), asDefinition(current), true),
  validate: (draft, current) => definitionProblems(asDefinition(draft), current && asDefinition(current)),
};
