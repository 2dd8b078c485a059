/** The CustomResourceDefinition kind itself. */
import type { Condition } from "#kit/conditions.ts";
import type { StructuralSchema } from "#kit/schema/structural.ts";
import type { Column, Resource, ScaleSubresource } from "../define.ts";
import { apiVersionOf, type ObjectMeta } from "../meta.ts";

const text: StructuralSchema = { type: "string" };
const texts: StructuralSchema = { type: "array", items: text, "x-kubernetes-list-type": "atomic" };
const anything: StructuralSchema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };

function fields(properties: { [name: string]: StructuralSchema }): StructuralSchema {
  return { type: "object", properties };
}

function listMap(items: StructuralSchema, key: string): StructuralSchema {
  return { type: "array", items, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key] };
}

const names = fields({
  plural: text,
  singular: text,
  kind: text,
  listKind: text,
  shortNames: texts,
  categories: texts,
});

const column = fields({
  name: text,
  type: text,
  format: text,
  description: text,
  priority: { type: "integer" },
  jsonPath: text,
});

const version = fields({
  name: text,
  served: { type: "boolean" },
  storage: { type: "boolean" },
  deprecated: { type: "boolean" },
  deprecationWarning: text,
  schema: fields({ openAPIV3Schema: { ...anything, "x-kubernetes-map-type": "atomic" } }),
  subresources: fields({
    status: anything,
    scale: fields({ specReplicasPath: text, statusReplicasPath: text, labelSelectorPath: text }),
  }),
  additionalPrinterColumns: { type: "array", items: column, "x-kubernetes-list-type": "atomic" },
  selectableFields: { type: "array", items: fields({ jsonPath: text }), "x-kubernetes-list-type": "atomic" },
});

const condition = fields({
  type: text,
  status: text,
  lastTransitionTime: { type: "string", format: "date-time", nullable: true },
  reason: text,
  message: text,
  observedGeneration: { type: "integer" },
});

const schema: StructuralSchema = fields({
  metadata: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  spec: fields({
    group: text,
    names,
    scope: text,
    versions: { type: "array", items: version, "x-kubernetes-list-type": "atomic" },
    conversion: fields({ strategy: text, webhook: anything }),
    preserveUnknownFields: { type: "boolean" },
  }),
  status: fields({ conditions: listMap(condition, "type"), acceptedNames: names, storedVersions: texts }),
});

type Names = {
  plural: string;
  singular?: string;
  kind: string;
  listKind?: string;
  shortNames?: string[];
  categories?: string[];
};

export type DefinitionVersion = {
  name: string;
  served: boolean;
  storage: boolean;
  deprecated?: boolean;
  deprecationWarning?: string;
  schema?: { openAPIV3Schema?: StructuralSchema };
  subresources?: { status?: object; scale?: ScaleSubresource };
  additionalPrinterColumns?: Column[];
  selectableFields?: { jsonPath: string }[];
};

type ConversionWebhook = {
  conversionReviewVersions?: string[];
  clientConfig?: { url?: string; service?: { name?: string; namespace?: string } };
};

/** apiextensions.k8s.io/v1 CustomResourceDefinition, without the parts that nobody here reads. */
export type CustomResourceDefinitionObject = {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec: {
    group: string;
    names: Names;
    scope: "Namespaced" | "Cluster";
    versions: DefinitionVersion[];
    conversion?: { strategy: string; webhook?: ConversionWebhook };
    preserveUnknownFields?: boolean;
  };
  status?: { conditions: Condition[] | null; acceptedNames: Names; storedVersions: string[] };
};

const group = "apiextensions.k8s.io";

export const CustomResourceDefinition: Resource<CustomResourceDefinitionObject> = {
  group,
  version: "v1",
  kind: "CustomResourceDefinition",
  apiVersion: apiVersionOf({ group, version: "v1" }),
  plural: "customresourcedefinitions",
  singular: "customresourcedefinition",
  listKind: "CustomResourceDefinitionList",
  scope: "Cluster",
  shortNames: ["crd", "crds"],
  categories: ["api-extensions"],
  doc: "Declares a kind that the API server then serves.",
  schema,
  conditions: [],
  columns: [],
  statusSubresource: true,
  scale: undefined,
  builtin: true,
};
