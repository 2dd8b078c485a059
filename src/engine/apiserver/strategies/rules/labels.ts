/** Labels of nodes that have another name now. */

const SUCCESSORS: { readonly [label: string]: readonly [since: string, successor: string] } = {
  "beta.kubernetes.io/arch": ["v1.14", "kubernetes.io/arch"],
  "beta.kubernetes.io/os": ["v1.14", "kubernetes.io/os"],
  "beta.kubernetes.io/instance-type": ["v1.17", "node.kubernetes.io/instance-type"],
  "failure-domain.beta.kubernetes.io/region": ["v1.17", "topology.kubernetes.io/region"],
  "failure-domain.beta.kubernetes.io/zone": ["v1.17", "topology.kubernetes.io/zone"],
};

/** What is to be said of a label of nodes: `deprecated since …`; undefined when nothing is. */
export function deprecationOf(label: string): string | undefined {
  const [since, successor] = SUCCESSORS[label] ?? [];
  return since && `deprecated since ${since}; use "${successor}" instead`;
}

type Expression = { readonly key: string };

/** Warnings about the labels in terms of a node selector; `at` is the path of each. */
export function warnOfTerms(
  terms: readonly (readonly [at: string, term: { readonly matchExpressions?: readonly Expression[] } | undefined])[],
): string[] {
  return terms.flatMap(([at, term]) =>
    (term?.matchExpressions ?? []).flatMap(({ key }, index) => {
      const said = deprecationOf(key);
      return said ? [`${at}.matchExpressions[${index}].key: ${key} is ${said}`] : [];
    }),
  );
}
