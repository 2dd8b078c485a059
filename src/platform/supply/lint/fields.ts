/** Field paths: which fields of an owner a selector may look at, and whether a path leads anywhere in a schema. Pure. */
import type { SelectablePaths } from "#api/carto.run/selectable.ts";
import { findAll } from "#kit/jsonpath.ts";
import type { StructuralSchema } from "#kit/schema/structural.ts";

/** Why a selector may not look at the field, or undefined. */
export function whyNoOwnerField(key: string, { owner, exact, prefixes }: SelectablePaths): string | undefined {
  const problem = whyNoPath(key);
  if (problem) return problem;
  const path = key.replace(/^\./, "");
  const below = (prefix: string): boolean =>
    path.startsWith(prefix) && !/^[A-Za-z0-9_]/.test(path.slice(prefix.length));
  return exact.includes(path) || prefixes.some(below) ? undefined : `selectors cannot look at this field of a ${owner}`;
}

/** Why the text is no JSONPath, or undefined. */
export function whyNoPath(path: string): string | undefined {
  try {
    findAll({}, path);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** The plain field names at the beginning of a path, up to the first index, filter or wildcard. */
export function leadingFields(path: string): string[] {
  const fields: string[] = [];
  let rest = path.replace(/^\$?\.?/, ".");
  for (;;) {
    const [whole = "", dotted, quoted] = /^(?:\.([A-Za-z0-9_-]+)|\[['"]([^'"\]]+)['"]\])/.exec(rest) ?? [];
    const name = dotted ?? quoted;
    if (name === undefined) return fields;
    fields.push(name);
    rest = rest.slice(whole.length);
  }
}

/** The first field that an owner cannot have, e.g. `spec.sourc`; undefined when the path may lead somewhere. */
export function unknownOwnerField(schema: StructuralSchema, fields: readonly string[]): string | undefined {
  const [first] = fields;
  if (first === "metadata" || first === "status" || first === "apiVersion" || first === "kind") return undefined;
  return unknownField(schema, fields);
}

function unknownField(schema: StructuralSchema, fields: readonly string[], at = 0): string | undefined {
  const name = fields[at];
  if (name === undefined || schema["x-kubernetes-preserve-unknown-fields"] || schema.type === "array") return undefined;
  const next =
    schema.properties?.[name] ??
    (typeof schema.additionalProperties === "object" ? schema.additionalProperties : undefined);
  if (next) return unknownField(next, fields, at + 1);
  return schema.type === "object" && schema.properties ? fields.slice(0, at + 1).join(".") : undefined;
}
