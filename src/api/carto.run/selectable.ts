/** What matchFields may say: their operators, and the paths of owners that they may name. */

type Rule = { cel: string; messageExpression: string };

/** Paths that may be named as they are, and prefixes of further ones. */
export type SelectablePaths = { owner: string; exact: readonly string[]; prefixes: readonly string[] };

const SOURCE = [
  "spec.source",
  "spec.source.git",
  "spec.source.git.url",
  "spec.source.git.ref",
  "spec.source.git.ref.branch",
  "spec.source.git.ref.tag",
  "spec.source.git.ref.commit",
  "spec.source.image",
  "spec.source.subPath",
  "spec.serviceAccountName",
];

export const WORKLOAD_PATHS: SelectablePaths = {
  owner: "workload",
  exact: [...SOURCE, "spec.build", "spec.image"],
  prefixes: ["spec.params", "spec.build.env", "spec.env", "spec.resources", "spec.serviceClaims", "metadata"],
};

export const DELIVERABLE_PATHS: SelectablePaths = {
  owner: "deliverable",
  exact: SOURCE,
  prefixes: ["spec.params", "metadata"],
};

export const OPERATOR_RULES: readonly Rule[] = [
  {
    cel: "!(self.operator in ['In', 'NotIn']) || (has(self.values) && size(self.values) > 0)",
    messageExpression: "'must specify values with operator [' + self.operator + ']'",
  },
  {
    cel: "!(self.operator in ['Exists', 'DoesNotExist']) || !has(self.values) || size(self.values) == 0",
    messageExpression: "'cannot specify values with operator [' + self.operator + ']'",
  },
];

/** A leading dot is left aside, as in all paths. */
export function pathRule({ owner, exact, prefixes }: SelectablePaths): Rule {
  const quote = (path: string): string => path.replaceAll(".", "[.]");
  const pattern = `^[.]?(${exact.map(quote).join("|")}|(${prefixes.map(quote).join("|")})([.\\[].*)?)$`;
  return {
    cel: `self.key.matches(r'${pattern}')`,
    messageExpression: `'requirement key [' + self.key + '] is not a valid path: no field of a ${owner} that may be matched'`,
  };
}
