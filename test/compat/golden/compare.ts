/** Compares answers: what clients act on must be equal, the wording of messages should be. */
import { isObject, type Json } from "#kit/json.ts";
import type { Answer } from "./case.ts";

/** `hard`: status, structure or a value differs. `soft`: only words differ, or the order of causes. */
export type Difference = { where: string; weight: "hard" | "soft"; expected: string; actual: string };

export function compareAnswers(expected: readonly Answer[], actual: readonly Answer[]): Difference[] {
  return compare(expected as unknown as Json, actual as unknown as Json, []);
}

function compare(expected: Json | undefined, actual: Json | undefined, path: readonly string[]): Difference[] {
  if (Array.isArray(expected) && Array.isArray(actual)) return compareLists(expected, actual, path);
  if (isObject(expected) && isObject(actual)) {
    const keys = [...new Set([...Object.keys(expected), ...Object.keys(actual)])];
    return keys.flatMap((key) => compare(expected[key] as Json, actual[key] as Json, [...path, key]));
  }
  if (Object.is(expected, actual)) return [];
  const bothSaid = expected !== undefined && actual !== undefined;
  const weight = bothSaid && isWording(path) ? "soft" : "hard";
  return [{ where: path.join("."), weight, expected: show(expected), actual: show(actual) }];
}

function compareLists(expected: Json[], actual: Json[], path: readonly string[]): Difference[] {
  if (path.at(-1) === "causes") return compareCauses(expected, actual, path);
  const [left, right] = path.at(-1) === "managedFields" ? [byManager(expected), byManager(actual)] : [expected, actual];
  const length = Math.max(left.length, right.length);
  return Array.from({ length }).flatMap((_, index) => compare(left[index], right[index], [...path, String(index)]));
}

/** Managers come in the order of times, which is another one every time. */
function byManager(entries: Json[]): Json[] {
  const fields = ["operation", "manager", "apiVersion", "subresource"];
  const key = (entry: Json): string => (isObject(entry) ? fields.map((field) => entry[field] ?? "").join(" ") : "");
  return entries.toSorted((left, right) => (key(left) < key(right) ? -1 : 1));
}

/** Causes are the same when field and reason are, in whatever order they come. */
function compareCauses(expected: Json[], actual: Json[], path: readonly string[]): Difference[] {
  const key = (cause: Json): string => (isObject(cause) ? `${cause.field} ${cause.reason}` : "");
  const left = [...actual];
  const differences: Difference[] = [];
  for (const cause of expected) {
    const sameWords = left.findIndex((other) => JSON.stringify(other) === JSON.stringify(cause));
    const at = sameWords >= 0 ? sameWords : left.findIndex((other) => key(other) === key(cause));
    const [found] = at >= 0 ? left.splice(at, 1) : [undefined];
    differences.push(...compare(cause, found, [...path, key(cause)]));
  }
  return [...differences, ...left.flatMap((cause) => compare(undefined, cause, [...path, key(cause)]))];
}

/** Messages and descriptions; warnings are for people as well. */
function isWording(path: readonly string[]): boolean {
  return path.at(-1) === "message" || path.includes("warnings") || path.at(-1) === "description";
}

function show(value: Json | undefined): string {
  return value === undefined ? "absent" : JSON.stringify(value);
}
