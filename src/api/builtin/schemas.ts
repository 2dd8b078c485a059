/** Structural schemas of the built-in types; references between them become shared, possibly recursive, objects. */
import { readFileSync } from "node:fs";
import type { StructuralSchema } from "#kit/schema/structural.ts";

/** A schema in which a type is a reference to another entry of the table, by its name. */
export type Linked = StructuralSchema & { $ref?: string };

const linked = new Map<string, StructuralSchema>();
let raw: Record<string, Linked> | undefined;

/** The schema of a built-in type by its name, e.g. `PodSpec`. Throws on an unknown name: that is a programming error. */
export function builtinSchema(name: string): StructuralSchema {
  const known = linked.get(name);
  if (known) return known;
  const source = referencingSchema(name);
  if (!source) throw new Error(`no built-in type ${name}`);
  const target: StructuralSchema = {};
  linked.set(name, target);
  return Object.assign(target, link(source));
}

/** The schema of a built-in type as it is in the table, with references; undefined when there is no such type. */
export function referencingSchema(name: string): Linked | undefined {
  raw ??= JSON.parse(readFileSync(new URL("./schemas.gen.json", import.meta.url), "utf8")) as Record<string, Linked>;
  return raw[name];
}

function link(schema: Linked): StructuralSchema {
  const { $ref, ...own } = schema;
  if ($ref) return Object.keys(own).length === 0 ? builtinSchema($ref) : { ...builtinSchema($ref), ...own };
  return {
    ...own,
    ...(own.items && { items: link(own.items) }),
    ...(typeof own.additionalProperties === "object" && { additionalProperties: link(own.additionalProperties) }),
    ...(own.properties && {
      properties: Object.fromEntries(
        Object.entries(own.properties).map(([key, field]) => [
          key,
          key === "metadata" && field["x-kubernetes-preserve-unknown-fields"]
            ? builtinSchema("ObjectMeta")
            : link(field),
        ]),
      ),
    }),
  };
}
