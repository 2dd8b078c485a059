/** Label selectors as text. */
import type { LabelSelector } from "#kit/selector.ts";

const OPERATORS: { readonly [operator: string]: string } = { In: "in", NotIn: "notin" };

/** A selector in the form of query strings; empty when it selects everything. */
export function renderSelector(selector: LabelSelector | undefined): string {
  const labels = Object.entries(selector?.matchLabels ?? {}).map(([key, value]): [string, string] => [
    key,
    `${key}=${value}`,
  ]);
  const terms = (selector?.matchExpressions ?? []).map(({ key, operator, values = [] }): [string, string] => {
    if (operator === "Exists") return [key, key];
    if (operator === "DoesNotExist") return [key, `!${key}`];
    return [key, `${key} ${OPERATORS[operator] ?? operator} (${[...values].sort().join(",")})`];
  });
  const all = [...labels, ...terms].sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0));
  return all.map(([, term]) => term).join(",");
}
