/** Generates the types and structural schemas of Kubernetes' built-in kinds from the facts in builtin-kinds.json. */
import { readFileSync } from "node:fs";
import type { StructuralSchema } from "#kit/schema/structural.ts";

export type TypeRef = string | { list: TypeRef; rel?: string; keys?: string[] } | { map: TypeRef; rel?: string };
export type Field = {
  go: string;
  optional?: boolean;
  required?: boolean;
  type?: TypeRef;
  default?: string;
  applyDefault?: unknown;
  listType?: "atomic" | "set" | "map";
  listMapKeys?: string[];
  mapType?: "atomic" | "granular";
  patchStrategy?: string;
  patchMergeKey?: string;
};
type Facts = {
  enums: Record<string, string[]>;
  kinds: { type: string; kind: string }[];
  types: Record<string, { fields: Record<string, Field>; rel?: string }>;
};

/** Go embeds these structs, so their fields stand in the outer object. */
const EMBEDDED: Record<string, string> = {
  Volume: "VolumeSource",
  PersistentVolumeSpec: "PersistentVolumeSource",
  IngressRule: "IngressRuleValue",
  Probe: "ProbeHandler",
  EphemeralContainer: "Container",
  EphemeralContainerCommon: "Container",
  SecretKeySelector: "LocalObjectReference",
  ConfigMapKeySelector: "LocalObjectReference",
  SecretEnvSource: "LocalObjectReference",
  ConfigMapEnvSource: "LocalObjectReference",
  SecretProjection: "LocalObjectReference",
  ConfigMapProjection: "LocalObjectReference",
  ConfigMapVolumeSource: "LocalObjectReference",
  RuleWithOperations: "Rule",
  NamedRuleWithOperations: "RuleWithOperations",
};

const SCALARS: Record<string, { ts: string; schema: StructuralSchema }> = {
  "meta.v1.Time": { ts: "string", schema: { type: "string", format: "date-time", nullable: true } },
  "meta.v1.MicroTime": { ts: "string", schema: { type: "string", format: "date-time", nullable: true } },
  "resource.Quantity": { ts: "string", schema: { "x-kubernetes-int-or-string": true, format: "quantity" } },
  "intstr.IntOrString": { ts: "number | string", schema: { "x-kubernetes-int-or-string": true } },
  "runtime.RawExtension": {
    ts: "unknown",
    schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true, "x-kubernetes-map-type": "atomic" },
  },
  "meta.v1.FieldsV1": {
    ts: "Record<string, unknown>",
    schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  },
};

const facts = JSON.parse(readFileSync(new URL("./builtin-kinds.json", import.meta.url), "utf8")) as Facts;
/** Short name by full type name. */
export const names: ReadonlyMap<string, string> = shortNames();

function shortNames(): Map<string, string> {
  const result = new Map<string, string>();
  const taken = new Set<string>();
  for (const type of Object.keys(facts.types)) {
    const parts = type.split(".");
    const short = parts.at(-1) ?? type;
    const name = taken.has(short) ? `${pascal(parts.at(-3) ?? "")}${pascal(parts.at(-2) ?? "")}${short}` : short;
    taken.add(name);
    result.set(type, name);
  }
  return result;
}

function pascal(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function scalarOf(ref: string): { ts: string; schema: StructuralSchema } | undefined {
  return Object.entries(SCALARS).find(([suffix]) => ref.endsWith(`.${suffix}`))?.[1];
}

/** Union members carry no type reference: it follows from the Go type, which is in the same package. */
function typeOf(owner: string, field: Field): TypeRef | undefined {
  if (field.type !== undefined) return field.type;
  const go = field.go.replace(/^\*/, "");
  if (go.startsWith("[]")) {
    const item = typeOf(owner, { go: go.slice(2) });
    return item === undefined ? undefined : { list: item };
  }
  if (go === "string" || go === "bool") return go === "bool" ? "boolean" : go;
  if (go.includes("int")) return "numeric";
  if (go.startsWith("metav1.")) return `io.k8s.apimachinery.pkg.apis.meta.v1.${go.slice(7)}`;
  const local = owner.replace(/\w+$/, go);
  if (names.has(local)) return local;
  return facts.enums[local] ? "string" : undefined;
}

/** The fields of a type, those of embedded structs included. */
export function fieldsOf(type: string): Record<string, Field> {
  const own = Object.fromEntries(
    Object.entries(facts.types[type]?.fields ?? {}).map(([key, field]) => {
      const ref = typeOf(type, field);
      return [key, ref === undefined ? field : { ...field, type: ref }];
    }),
  );
  const embedded = EMBEDDED[type.split(".").at(-1) ?? ""];
  return embedded ? { ...own, ...fieldsOf(type.replace(/\.\w+$/, `.${embedded}`)) } : own;
}

function tsOf(ref: TypeRef | undefined, go: string): string {
  if (ref === undefined) return "unknown";
  if (typeof ref === "object")
    return "list" in ref ? `${parenthesised(tsOf(ref.list, go))}[]` : `Record<string, ${tsOf(ref.map, go)}>`;
  if (ref === "string") return "string";
  if (ref === "numeric") return "number";
  if (ref === "boolean") return "boolean";
  if (ref.endsWith(".ObjectMeta")) return "ObjectMeta";
  return scalarOf(ref)?.ts ?? names.get(ref) ?? "unknown";
}

function parenthesised(ts: string): string {
  return ts.includes("|") ? `(${ts})` : ts;
}

function schemaOf(ref: TypeRef | undefined, field: Field): StructuralSchema | { $ref: string } {
  if (ref === undefined) return { "x-kubernetes-preserve-unknown-fields": true };
  if (typeof ref === "object") {
    if ("map" in ref) return { type: "object", additionalProperties: schemaOf(ref.map, field) as StructuralSchema };
    return { type: "array", items: schemaOf(ref.list, field) as StructuralSchema };
  }
  if (ref.startsWith("__untyped_atomic"))
    return { "x-kubernetes-preserve-unknown-fields": true, "x-kubernetes-map-type": "atomic" };
  if (ref === "string") return { type: "string" };
  if (ref === "numeric") return { type: field.go.includes("float") ? "number" : "integer" };
  if (ref === "boolean") return { type: "boolean" };
  if (ref.endsWith(".ObjectMeta")) return { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  const scalar = scalarOf(ref);
  if (scalar) return scalar.schema;
  return names.has(ref) ? { $ref: names.get(ref) ?? "" } : { "x-kubernetes-preserve-unknown-fields": true };
}

function fieldSchema(field: Field): object {
  const { listType, listMapKeys, mapType, patchStrategy, patchMergeKey } = field;
  const literal = field.default !== undefined && field.applyDefault !== undefined ? field.applyDefault : undefined;
  return {
    ...schemaOf(field.type, field),
    ...(listType && { "x-kubernetes-list-type": listType }),
    ...(listMapKeys && { "x-kubernetes-list-map-keys": listMapKeys }),
    ...(mapType && { "x-kubernetes-map-type": mapType }),
    ...(patchStrategy && { "x-kubernetes-patch-strategy": patchStrategy }),
    ...(patchMergeKey && { "x-kubernetes-patch-merge-key": patchMergeKey }),
    ...(literal !== undefined && { default: literal }),
  };
}

function isKind(type: string): boolean {
  return facts.kinds.some((kind) => kind.type === type);
}

function interfaceOf(type: string, name: string): string {
  const top = isKind(type) && fieldsOf(type).metadata !== undefined;
  const lines = Object.entries(fieldsOf(type)).map(([key, field]) => {
    const required = !field.optional || (top && (key === "metadata" || key === "spec"));
    return `  ${/^\w+$/.test(key) ? key : JSON.stringify(key)}${required ? "" : "?"}: ${tsOf(field.type, field.go)};`;
  });
  const head = top ? ["  apiVersion: string;", "  kind: string;"] : [];
  return `export type ${name} = {\n${[...head, ...lines].join("\n")}\n};`;
}

/** The TypeScript types of all built-in kinds and what they are made of. */
export function renderTypes(): string {
  const header = "// Generated by `npm run gen` from tools/gen/builtin-kinds.json. Do not edit.\n\n";
  const skipped = new Set(["ObjectMeta", "OwnerReference", "ManagedFieldsEntry"]);
  const types = [...names]
    .filter(([type, name]) => !skipped.has(name) && !scalarOf(type))
    .map(([type, name]) => interfaceOf(type, name));
  return `${header}import type { ObjectMeta, OwnerReference } from "../meta.ts";\n\n${types.join("\n\n")}\n`;
}

/** Structural schemas by short type name; `$ref` names another entry. */
export function renderSchemas(): string {
  const entries = [...names].map(([type, name]) => {
    const own = Object.entries(fieldsOf(type)).map(([key, field]) => [key, fieldSchema(field)]);
    const text = { type: "string" };
    const properties = { ...(isKind(type) && { apiVersion: text, kind: text }), ...Object.fromEntries(own) };
    const atomic = facts.types[type]?.rel === "atomic" ? { "x-kubernetes-map-type": "atomic" } : {};
    return `${JSON.stringify(name)}:${JSON.stringify({ type: "object", ...atomic, properties })}`;
  });
  return `{\n${entries.join(",\n")}\n}\n`;
}
