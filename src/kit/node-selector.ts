/** Node selector terms: which nodes a pod or a volume may be on. */
import { compileSelector, type LabelSelectorRequirement, type Labels } from "./selector.ts";

type Requirement = { key: string; operator: string; values?: readonly string[] };

export type NodeTerm = { matchExpressions?: readonly Requirement[]; matchFields?: readonly Requirement[] };

/** What of a node terms speak of. */
export type SelectableNode = { metadata: { name: string; labels?: Labels } };

export type NodePredicate = (node: SelectableNode) => boolean;

/** True for nodes that one of the terms fits. */
export function compileNodeTerms(terms: readonly NodeTerm[]): NodePredicate {
  const compiled = terms.map(compileNodeTerm);
  return (node) => compiled.some((matches) => matches(node));
}

/** True for nodes that the term fits. Terms without requirements, and malformed ones, fit none. */
export function compileNodeTerm({ matchExpressions = [], matchFields = [] }: NodeTerm): NodePredicate {
  if (matchExpressions.length === 0 && matchFields.length === 0) return () => false;
  try {
    const byLabels = compileSelector({ matchExpressions: matchExpressions as LabelSelectorRequirement[] });
    return ({ metadata }) =>
      byLabels(metadata.labels) && matchFields.every((field) => matchesName(field, metadata.name));
  } catch {
    return () => false;
  }
}

function matchesName({ key, operator, values = [] }: Requirement, name: string): boolean {
  if (key !== "metadata.name") return false;
  return operator === "In" ? values.includes(name) : operator === "NotIn" && !values.includes(name);
}
