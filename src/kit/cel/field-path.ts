/** Paths into a schema, such as `.spec['x.y'].z`: the `fieldPath` of a rule, the fields that selectors may name. */
import type { StructuralSchema } from "../schema/structural.ts";

const STEP = /\.([^.[\]']+)|\['((?:[^'\\]|\\.)*)'\]/y;

type Step = { readonly name: string; readonly bracket: boolean };

/** The steps of a path; undefined when it is malformed. */
function parseFieldPath(path: string): Step[] | undefined {
  const steps: Step[] = [];
  let read = 0;
  while (read < path.length) {
    STEP.lastIndex = read;
    const match = STEP.exec(path);
    if (!match) return undefined;
    const [, plain, quoted] = match;
    steps.push({ name: plain ?? (quoted ?? "").replace(/\\(.)/g, "$1"), bracket: plain === undefined });
    read = STEP.lastIndex;
  }
  return steps;
}

export type FieldPathOptions = { readonly brackets: boolean };

/** The schema that a path leads to, or what is wrong with the path. */
export function followFieldPath(
  schema: StructuralSchema,
  path: string,
  { brackets }: FieldPathOptions = { brackets: true },
): { readonly schema: StructuralSchema } | { readonly problem: string } {
  const steps = parseFieldPath(path);
  if (!steps)
    return {
      problem: /\[\d+\]/.test(path)
        ? "array notation is not allowed"
        : `expected [ or . but got: ${/^[^.[]*/.exec(path)?.[0] || path}`,
    };
  let at = schema;
  for (const { name, bracket } of steps) {
    if (bracket && !brackets) return { problem: "array notation is not allowed" };
    const others = at.additionalProperties;
    const next = at.properties
      ? Object.hasOwn(at.properties, name) && at.properties[name]
      : typeof others === "object" && others;
    if (!next) return { problem: "does not refer to a valid field" };
    at = next;
  }
  return { schema: at };
}

/** The field of an error that a rule on a value of `schema` at `path` reports for its `fieldPath`. */
export function errorPath(schema: StructuralSchema, path: string, fieldPath: string): string {
  let at: StructuralSchema | undefined = schema;
  let result = path;
  for (const { name } of parseFieldPath(fieldPath.trim()) ?? []) {
    const property: StructuralSchema | undefined = at?.properties?.[name];
    const others: StructuralSchema | boolean | undefined = at?.additionalProperties;
    const isKey = !property && typeof others === "object";
    if (isKey) result = `${result}[${name}]`;
    else result = result ? `${result}.${name}` : name;
    at = property ?? (typeof others === "object" ? others : undefined);
  }
  return result;
}
