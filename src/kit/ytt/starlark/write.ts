/** Values as text: `str`, `repr` and what messages show. */
import { quote } from "../bytes.ts";
import { formatFloat } from "./floats.ts";
import type { Obj, Value } from "./values.ts";

/** The value in Starlark notation; strings are quoted. */
export function write(value: Value, inside: readonly Obj[] = []): string {
  if (value === null) return "None";
  switch (typeof value) {
    case "boolean":
      return value ? "True" : "False";
    case "bigint":
      return String(value);
    case "number":
      return formatFloat(value, "g", 6);
    case "string":
      return quote(value);
    default:
      return value.write(inside);
  }
}

/** Like `write`, but a string is itself. */
export function text(value: Value): string {
  return typeof value === "string" ? value : write(value);
}
