/** Why a configuration cannot be merged under a schema: server-side apply asks for more than validation does. */
import { isObject } from "../json.ts";
import type { StructuralSchema } from "../schema/structural.ts";
import { renderElement } from "./field-set.ts";
import { isStructMember, itemElement, itemSchema, memberSchema } from "./typed.ts";

/** Every problem of a value, as `path: problem` in the words of structured-merge-diff. Null fits everywhere. */
export function typedProblems(schema: StructuralSchema, value: unknown, path = ""): string[] {
  if (value === null || value === undefined || schema["x-kubernetes-int-or-string"]) return [];
  const expected = mismatch(schema, value);
  if (expected) return [`${path}: ${expected}`];
  if (Array.isArray(value)) return listProblems(schema, value, path);
  return isObject(value) ? mapProblems(schema, value, path) : [];
}

function mismatch({ type }: StructuralSchema, value: unknown): string | undefined {
  switch (type) {
    case "string":
      return typeof value === "string" ? undefined : `expected string, got ${wrapped(value)}`;
    case "boolean":
      return typeof value === "boolean" ? undefined : `expected boolean, got ${wrapped(value)}`;
    case "integer":
    case "number":
      return typeof value === "number" ? undefined : `expected numeric (int or float), got ${goType(value)}`;
    case "array":
      return Array.isArray(value) ? undefined : `expected list, got ${shown(value)}`;
    case "object":
      return isObject(value) ? undefined : `expected map, got ${shown(value)}`;
    default:
      return undefined;
  }
}

function goType(value: unknown): string {
  if (Array.isArray(value)) return "[]interface {}";
  if (isObject(value)) return "map[string]interface {}";
  return typeof value === "boolean" ? "bool" : typeof value;
}

function wrapped(value: unknown): string {
  return `&value.valueUnstructured{Value:${goText(value)}}`;
}

function shown(value: unknown): string {
  return `&{${goText(value)}}`;
}

function goText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goText).join(" ")}]`;
  if (!isObject(value)) return String(value);
  return `map[${Object.entries(value)
    .map(([key, item]) => `${key}:${goText(item)}`)
    .join(" ")}]`;
}

const ALWAYS = new Set(["apiVersion", "kind", "metadata"]);

function mapProblems(schema: StructuralSchema, value: Record<string, unknown>, path: string): string[] {
  const { properties, additionalProperties: others, type } = schema;
  const isOpen = schema["x-kubernetes-preserve-unknown-fields"] || others || (!properties && !type);
  return Object.keys(value).flatMap((name) => {
    const at = `${path}.${name}`;
    if (isStructMember(schema, name) || isOpen) return typedProblems(memberSchema(schema, name), value[name], at);
    if (schema["x-kubernetes-embedded-resource"] && ALWAYS.has(name)) return [];
    return [`${at}: field not declared in schema`];
  });
}

function listProblems(schema: StructuralSchema, items: readonly unknown[], path: string): string[] {
  const kind = schema["x-kubernetes-list-type"];
  const type = itemSchema(schema);
  if (kind !== "map" && kind !== "set") return items.flatMap((item, at) => typedProblems(type, item, `${path}[${at}]`));
  const problems: string[] = [];
  const seen = new Set<string>();
  items.forEach((item, at) => {
    const odd = kind === "map" ? keyProblem(schema, item) : undefined;
    if (odd) {
      problems.push(`${path}: element ${at}: ${odd}`);
      return;
    }
    const element = itemElement(schema, item);
    const place = renderElement(element);
    if (seen.has(element)) problems.push(`${path}: duplicate entries for key ${place}`);
    seen.add(element);
    problems.push(...typedProblems(type, item, `${path}${place}`));
  });
  return problems;
}

function keyProblem(schema: StructuralSchema, item: unknown): string | undefined {
  if (!isObject(item)) return "associative list with keys may not have non-map elements";
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  if (keys.some((key) => item[key] !== undefined || schema.items?.properties?.[key]?.default !== undefined))
    return undefined;
  const names = keys.map((key) => JSON.stringify(key)).join(" ");
  return `associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`;
}
