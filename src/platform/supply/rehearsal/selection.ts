/** Why an owner takes a blueprint or a template option, and what it lacks for the others. Pure. */
import type { Unstructured } from "#api/meta.ts";
import { findAll } from "#kit/jsonpath.ts";
import { compileSelector } from "#kit/selector.ts";
import { fieldMatches, type Selector } from "../selection.ts";

export type Requirement = {
  on: "label" | "field";
  key: string;
  operator: string;
  values: readonly string[];
  met: boolean;
  /** What the owner has there; undefined when it has nothing. */
  found?: string;
  /** Why the requirement cannot be judged, such as a path that finds several values. */
  problem?: string;
};

/** `score` is the number of requirements, undefined when one is not met. */
export type Candidate = { name: string; score?: number; requirements: Requirement[] };

/** The nearest first: those that match by score, then those that lack the least. */
export function explainSelection<C>(
  owner: Unstructured,
  candidates: readonly C[],
  describe: (candidate: C) => { name: string; selector: Selector },
): Candidate[] {
  const explained = candidates.map((candidate): Candidate => {
    const { name, selector } = describe(candidate);
    const requirements = requirementsOf(selector).map((requirement) => judge(requirement, owner));
    const matches = requirements.length > 0 && requirements.every(({ met }) => met);
    return { name, requirements, ...(matches && { score: requirements.length }) };
  });
  return explained.sort((left, right) => (right.score ?? 0) - (left.score ?? 0) || lacking(left) - lacking(right));
}

function lacking({ requirements }: Candidate): number {
  return requirements.filter(({ met }) => !met).length;
}

export type Wanted = Pick<Requirement, "on" | "key" | "operator" | "values">;

/** A selector as the list of what it asks for. */
export function requirementsOf({ matchLabels = {}, matchExpressions = [], matchFields = [] }: Selector): Wanted[] {
  return [
    ...Object.entries(matchLabels).map(
      ([key, value]): Wanted => ({ on: "label", key, operator: "In", values: [value] }),
    ),
    ...matchExpressions.map(({ key, operator, values = [] }): Wanted => ({ on: "label", key, operator, values })),
    ...matchFields.map(({ key, operator, values = [] }): Wanted => ({ on: "field", key, operator, values })),
  ];
}

function judge(wanted: Wanted, owner: Unstructured): Requirement {
  try {
    const found = textAt(wanted, owner);
    return { ...wanted, met: isMet(wanted, owner), ...(found !== undefined && { found }) };
  } catch (error) {
    return { ...wanted, met: false, problem: (error as Error).message };
  }
}

function isMet({ on, ...requirement }: Wanted, owner: Unstructured): boolean {
  if (on === "field") return fieldMatches(requirement, owner);
  return compileSelector({ matchExpressions: [requirement] })(owner.metadata.labels);
}

function textAt({ on, key }: Wanted, owner: Unstructured): string | undefined {
  if (on === "label") return owner.metadata.labels?.[key];
  const [value] = findAll(owner, key);
  return typeof value === "string" || value === undefined ? value : JSON.stringify(value);
}

/** A requirement in words, e.g. `label x is one of [a, b]`. */
export function describeRequirement({ on, key, operator, values }: Wanted): string {
  const words: Record<string, string> = {
    In: values.length === 1 ? `is ${values[0]}` : `is one of [${values.join(", ")}]`,
    NotIn: `is none of [${values.join(", ")}]`,
    Exists: "is there",
    DoesNotExist: "is absent",
  };
  return `${on} ${key} ${words[operator] ?? `${operator} ${values.join(", ")}`}`;
}
