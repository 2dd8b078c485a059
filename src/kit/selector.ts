/** Label selectors: the query-string form and the metav1.LabelSelector form, both compiled to one predicate. */
import { failure } from "./status.ts";

export type Labels = { readonly [key: string]: string };
export type LabelPredicate = (labels: Labels | undefined) => boolean;

export type LabelSelectorRequirement = { key: string; operator: string; values?: readonly string[] };
export type LabelSelector = { matchLabels?: Labels; matchExpressions?: readonly LabelSelectorRequirement[] };

const NAME = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const NONE: Labels = {};

function requirement({ key, operator, values = [] }: LabelSelectorRequirement): LabelPredicate {
  if (!NAME.test(key)) throw failure("BadRequest", `unable to parse requirement: invalid label key "${key}"`);
  const set = new Set(values);
  const read = (labels: Labels = NONE): string | undefined => (Object.hasOwn(labels, key) ? labels[key] : undefined);
  const matches =
    (test: (value: string | undefined) => boolean): LabelPredicate =>
    (labels) =>
      test(read(labels));
  switch (operator) {
    case "In":
      return matches((value) => value !== undefined && set.has(value));
    case "NotIn":
      return matches((value) => value === undefined || !set.has(value));
    case "Exists":
      return matches((value) => value !== undefined);
    case "DoesNotExist":
      return matches((value) => value === undefined);
    case "Gt":
      return matches((value) => Number(value) > Number(values[0]));
    case "Lt":
      return matches((value) => Number(value) < Number(values[0]));
    default:
      throw failure("BadRequest", `"${operator}" is not a valid label selector operator`);
  }
}

function every(predicates: readonly LabelPredicate[]): LabelPredicate {
  return (labels) => predicates.every((matches) => matches(labels));
}

/** Compiles a metav1.LabelSelector; an empty selector matches everything. Throws BadRequest on a bad operator. */
export function compileSelector(selector: LabelSelector): LabelPredicate {
  const labels = Object.entries(selector.matchLabels ?? {});
  return every([
    ...labels.map(([key, value]) => requirement({ key, operator: "In", values: [value] })),
    ...(selector.matchExpressions ?? []).map(requirement),
  ]);
}

/** Compiles the `labelSelector` query form, e.g. `app=web,tier in (a,b),!canary`. Throws BadRequest when it does not parse. */
export function parseSelector(text: string): LabelPredicate {
  const parts = text.match(/[^,(]+(\([^)]*\))?|,/g)?.filter((part) => part !== ",") ?? [];
  return every(parts.map((part) => requirement(parseRequirement(part.trim(), text))));
}

function parseRequirement(part: string, whole: string): LabelSelectorRequirement {
  const list = /^(\S+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(part);
  if (list) {
    const values = (list[3] ?? "").split(",").map((value) => value.trim());
    return { key: list[1] ?? "", operator: list[2] === "in" ? "In" : "NotIn", values };
  }
  const pair = /^([^\s=!<>]+)\s*(==|=|!=|>|<)\s*(\S*)$/.exec(part);
  if (pair) {
    const operators: Record<string, string> = { "=": "In", "==": "In", "!=": "NotIn", ">": "Gt", "<": "Lt" };
    return { key: pair[1] ?? "", operator: operators[pair[2] ?? "="] ?? "In", values: [pair[3] ?? ""] };
  }
  if (/^!\s*[^\s=!<>]+$/.test(part)) return { key: part.slice(1).trim(), operator: "DoesNotExist" };
  if (/^[^\s=!<>]+$/.test(part)) return { key: part, operator: "Exists" };
  throw failure("BadRequest", `unable to parse requirement: found '${part}' in "${whole}"`);
}

/** The query-string form of equality requirements. */
export function formatLabels(labels: Labels): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}
