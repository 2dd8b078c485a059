/** Lists of type set and map hold nothing twice. */
import { canonicalJson, isObject } from "../json.ts";
import type { FieldError } from "../status.ts";
import { child, duplicate, invalidValue } from "./field-errors.ts";
import type { StructuralSchema } from "./structural.ts";

const checked = new WeakMap<StructuralSchema, boolean>();

/** Whether such a list is anywhere below the schema, so that values without one are not walked. */
function hasIdentity(schema: StructuralSchema): boolean {
  const known = checked.get(schema);
  if (known !== undefined) return known;
  checked.set(schema, true); // met again while it is examined: recursive, so keep walking
  const type = schema["x-kubernetes-list-type"];
  const found =
    type === "set" ||
    type === "map" ||
    (schema.items !== undefined && hasIdentity(schema.items)) ||
    (typeof schema.additionalProperties === "object" && hasIdentity(schema.additionalProperties)) ||
    Object.values(schema.properties ?? {}).some(hasIdentity);
  checked.set(schema, found);
  return found;
}

/** Repeated items in lists of type set, and items with the same keys in lists of type map. */
export function validateLists(schema: StructuralSchema, value: unknown, path = ""): FieldError[] {
  if (!hasIdentity(schema)) return [];
  if (Array.isArray(value)) {
    const { items } = schema;
    const below = items ? value.flatMap((item, at) => validateLists(items, item, `${path}[${at}]`)) : [];
    return [...duplicates(schema, value, path), ...below];
  }
  if (!isObject(value)) return [];
  const { properties = {}, additionalProperties: others } = schema;
  return Object.keys(value).flatMap((name) => {
    if (Object.hasOwn(properties, name))
      return validateLists(properties[name] as StructuralSchema, value[name], child(path, name));
    return typeof others === "object" ? validateLists(others, value[name], `${path}[${name}]`) : [];
  });
}

function duplicates(schema: StructuralSchema, list: readonly unknown[], path: string): FieldError[] {
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  switch (schema["x-kubernetes-list-type"]) {
    case "set":
      return repeated(list, path);
    case "map": {
      const odd = list.findIndex((item) => item !== null && !isObject(item));
      if (odd >= 0)
        return [invalidValue(`${path}[${odd}]`, list[odd], "must be an object for an array of list-type map")];
      return repeated(
        list.map((item) => keysOf(keys, item)),
        path,
      );
    }
    default:
      return [];
  }
}

function keysOf(keys: readonly string[], item: unknown): Record<string, unknown> {
  const fields = isObject(item) ? item : {};
  return Object.fromEntries(keys.filter((key) => fields[key] !== undefined).map((key) => [key, fields[key]]));
}

/** Only the first repetition of each value is reported. */
function repeated(list: readonly unknown[], path: string): FieldError[] {
  const times = new Map<string, number>();
  return list.flatMap((item, at) => {
    const id = canonicalJson(item);
    const count = (times.get(id) ?? 0) + 1;
    times.set(id, count);
    return count === 2 ? [duplicate(`${path}[${at}]`, item)] : [];
  });
}
