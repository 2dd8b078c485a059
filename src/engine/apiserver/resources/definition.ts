/** What is served because of a CustomResourceDefinition. */
import type { CustomResourceDefinitionObject, DefinitionVersion } from "#api/builtin/definition.ts";
import type { Column } from "#api/define.ts";
import type { StructuralSchema } from "#kit/schema/structural.ts";
import type { Entry } from "../storage/entry.ts";
import type { ObjectStore } from "../storage/objects.ts";
import { isAccepted, isJudged, nameConflict } from "./legal/names.ts";
import { ALL_VERBS, ServedResource } from "./served.ts";

const AGE: Column = {
  name: "Age",
  type: "date",
  jsonPath: ".metadata.creationTimestamp",
  description:
    "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata",
};

/** Whether a definition has its names, or will have them as soon as somebody looks at them. */
function hasNames(definition: CustomResourceDefinitionObject, objects: ObjectStore): boolean {
  if (isJudged(definition)) return isAccepted(definition);
  const all = objects.collection("apiextensions.k8s.io", "customresourcedefinitions").range();
  const others = all.map(({ object }) => object as unknown as CustomResourceDefinitionObject);
  return nameConflict(definition, others) === undefined;
}

/**
 * The resources that a definition asks for, one per served version; none when others have its names.
 * Schemas are read when they are first needed.
 */
export function servedBy(entry: Entry, objects: ObjectStore): ServedResource[] {
  const definition = entry.object as unknown as CustomResourceDefinitionObject;
  if (!hasNames(definition, objects)) return [];
  const { metadata, spec } = definition;
  const { names, group } = spec;
  const storageVersion = spec.versions.find((version) => version.storage)?.name ?? "";
  return spec.versions
    .filter((version) => version.served)
    .map(
      (version) =>
        new ServedResource(
          {
            group,
            version: version.name,
            kind: names.kind,
            plural: names.plural,
            singular: names.singular ?? names.kind.toLowerCase(),
            listKind: names.listKind ?? `${names.kind}List`,
            shortNames: names.shortNames ?? [],
            categories: names.categories ?? [],
            scope: spec.scope,
            columns: version.additionalPrinterColumns ?? [AGE],
            statusSubresource: version.subresources?.status !== undefined,
            scale: version.subresources?.scale,
            builtin: false,
            storageVersion,
            selectableFields: (version.selectableFields ?? []).map((field) => field.jsonPath),
            declaration: `${metadata.uid}/${metadata.generation}`,
            terminating: metadata.deletionTimestamp !== undefined,
            deprecation: deprecationOf(definition, version),
            verbs: ALL_VERBS,
          },
          objects.collection(group, names.plural),
          () => readSchema(entry, version.name),
          { stored: { schema: () => readSchema(entry, storageVersion), since: entry.revision } },
        ),
    );
}

function deprecationOf({ spec }: CustomResourceDefinitionObject, version: DefinitionVersion): string | undefined {
  if (!version.deprecated) return undefined;
  return version.deprecationWarning ?? `${spec.group}/${version.name} ${spec.names.kind} is deprecated`;
}

/** Reads the schema out of the stored definition, so that unused schemas cost nothing. */
function readSchema(entry: Entry, version: string): StructuralSchema {
  const { spec } = entry.object as unknown as CustomResourceDefinitionObject;
  const schema = spec.versions.find((candidate) => candidate.name === version)?.schema?.openAPIV3Schema ?? {};
  const { properties = {}, ...rest } = schema;
  return {
    type: "object",
    ...rest,
    properties: {
      ...properties,
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: { ...properties.metadata, type: "object" },
    },
    ...(spec.preserveUnknownFields && { "x-kubernetes-preserve-unknown-fields": true }),
  };
}
