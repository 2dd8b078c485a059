/** Label selectors: the query-string form and the metav1.LabelSelector form, both compiled to one predicate. */
import { qualifiedNameProblems } from "./qualified.ts";
import { type LabelSelectorRequirement, parseRequirements } from "./selector-text.ts";
import { failure } from "./status.ts";

export type { LabelSelectorRequirement } from "./selector-text.ts";

export type Labels = { readonly [key: string]: string };
export type LabelPredicate = (labels: Labels | undefined) => boolean;

export type LabelSelector = { matchLabels?: Labels; matchExpressions?: readonly LabelSelectorRequirement[] };

const NONE: Labels = {};

function requirement({ key, operator, values = [] }: LabelSelectorRequirement): LabelPredicate {
  const [problem] = qualifiedNameProblems(key);
  if (problem)
    throw failure(
      "BadRequest",
      `unable to parse requirement: <nil>: Invalid value: ${JSON.stringify(key)}: ${problem}`,
    );
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
    case "Gt": {
      const bound = boundOf(values);
      return matches((value) => Number(value) > bound);
    }
    case "Lt": {
      const bound = boundOf(values);
      return matches((value) => Number(value) < bound);
    }
    default:
      throw failure("BadRequest", `"${operator}" is not a valid label selector operator`);
  }
}

function boundOf([value = ""]: readonly string[]): number {
  if (/^[-+]?\d+$/.test(value)) return Number(value);
  throw failure(
    "BadRequest",
    `unable to parse requirement: values[0]: Invalid value: ${JSON.stringify(value)}: for 'Gt', 'Lt' operators, the value must be an integer`,
  );
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
  return every(parseRequirements(text).map(requirement));
}

/** The query-string form of equality requirements. */
export function formatLabels(labels: Labels): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}
