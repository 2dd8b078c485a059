/** Which blueprint, and which template option, an owner selects. Pure; spec: Cartographer's selection rules. */
import type { Unstructured } from "#api/meta.ts";
import { findAll, JsonPathError } from "#kit/jsonpath.ts";
import { compileSelector, type Labels } from "#kit/selector.ts";
import type { LabelSelectorRequirement } from "#kit/selector-text.ts";

export type FieldRequirement = { key: string; operator: string; values?: readonly string[] | undefined };

export type Selector = {
  matchLabels?: Labels | undefined;
  matchExpressions?: readonly LabelSelectorRequirement[] | undefined;
  matchFields?: readonly FieldRequirement[] | undefined;
};

/** How specifically `selector` matches the owner: the number of its requirements, or undefined when one fails. */
export function score(selector: Selector, owner: Unstructured): number | undefined {
  const { matchLabels = {}, matchExpressions = [], matchFields = [] } = selector;
  if (!compileSelector({ matchLabels, matchExpressions })(owner.metadata.labels)) return undefined;
  if (!matchFields.every((requirement) => fieldMatches(requirement, owner))) return undefined;
  return Object.keys(matchLabels).length + matchExpressions.length + matchFields.length;
}

/** Whether one field requirement holds. A missing field satisfies DoesNotExist only. Throws when the path finds several values. */
export function fieldMatches({ key, operator, values = [] }: FieldRequirement, owner: unknown): boolean {
  const found = findAll(owner, key);
  if (found.length > 1) throw new Error(`field ${key} finds ${found.length} values; it must find one`);
  if (found.length === 0) return operator === "DoesNotExist";
  const value = typeof found[0] === "string" ? found[0] : JSON.stringify(found[0]);
  switch (operator) {
    case "In":
      return values.includes(value);
    case "NotIn":
      return !values.includes(value);
    case "Exists":
      return true;
    default:
      return false;
  }
}

/** What is wrong with the first path of the selector that cannot be read; undefined when all can. */
export function unreadablePath({ matchFields = [] }: Selector): string | undefined {
  for (const { key } of matchFields)
    try {
      findAll({}, key);
    } catch (error) {
      if (!(error instanceof JsonPathError)) throw error;
      return `key [${key}]: ${error.message}`;
    }
  return undefined;
}

/** The candidates with the highest score of at least one. */
export function mostSpecific<C>(
  candidates: readonly C[],
  selectorOf: (candidate: C) => Selector,
  owner: Unstructured,
): C[] {
  let best: C[] = [];
  let highest = 1;
  for (const candidate of candidates) {
    const points = score(selectorOf(candidate), owner);
    if (points === undefined || points < highest) continue;
    best = points > highest ? [candidate] : [...best, candidate];
    highest = points;
  }
  return best;
}
