/** The names of a kind: their grammar, and who has taken them already. */
import type { CustomResourceDefinitionObject } from "#api/builtin/definition.ts";
import { invalidValue, required } from "#kit/schema/field-errors.ts";
import type { FieldError } from "#kit/status.ts";

type Names = CustomResourceDefinitionObject["spec"]["names"];

export const LABEL_1035 =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

export function isDns1035Label(name: string): boolean {
  return name.length <= 63 && /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(name);
}

/** Names that are missing or malformed. */
export function nameProblems(names: Names | undefined, path: string): FieldError[] {
  const { plural, singular, kind, listKind, shortNames = [], categories = [] } = names ?? ({} as Partial<Names>);
  const errors: FieldError[] = [];
  for (const [field, name] of Object.entries({ plural, singular, kind, listKind }))
    if (!name) errors.push(required(`${path}.${field}`));
  const label = (field: string, name: string | undefined, mixed = false): void => {
    if (!name || isDns1035Label(mixed ? name.toLowerCase() : name)) return;
    const why = mixed ? `may have mixed case, but should otherwise match: ${LABEL_1035}` : LABEL_1035;
    errors.push(invalidValue(`${path}.${field}`, name, why));
  };
  label("plural", plural);
  label("singular", singular);
  label("kind", kind, true);
  label("listKind", listKind, true);
  shortNames.forEach((name, index) => label(`shortNames[${index}]`, name));
  if (kind && kind === listKind)
    errors.push(invalidValue(`${path}.listKind`, listKind, "kind and listKind may not be the same"));
  categories.forEach((name, index) => label(`categories[${index}]`, name));
  return errors;
}

export type NameConflict = {
  readonly reason: string;
  readonly message: string;
  /** The names that are free all the same. */
  readonly accepted: Names;
};

/** Which of a definition's names another accepted definition of the group has; undefined when all are free. */
export function nameConflict(
  { metadata, spec }: CustomResourceDefinitionObject,
  others: readonly CustomResourceDefinitionObject[],
): NameConflict | undefined {
  const taken = others
    .filter((other) => other.metadata.name !== metadata.name && other.spec.group === spec.group)
    .map((other) => (isJudged(other) ? (other.status?.acceptedNames ?? other.spec.names) : other.spec.names));
  const resources = new Set(taken.flatMap((names) => [names.plural, names.singular, ...(names.shortNames ?? [])]));
  const kinds = new Set(taken.flatMap((names) => [names.kind, names.listKind]));
  const { plural, singular = "", shortNames = [], kind, listKind = "", ...rest } = spec.names;
  const free = (name: string, used: ReadonlySet<string | undefined>): string => (used.has(name) ? "" : name);
  const tries: [reason: string, name: string, used: ReadonlySet<string | undefined>][] = [
    ["PluralConflict", plural, resources],
    ["SingularConflict", singular, resources],
    ...shortNames.map((name): [string, string, typeof resources] => ["ShortNamesConflict", name, resources]),
    ["KindConflict", kind, kinds],
    ["ListKindConflict", listKind, kinds],
  ];
  // of several conflicts the last one is reported, as by a real server
  const found = tries.findLast(([, name, used]) => used.has(name));
  if (!found) return undefined;
  const areFree = shortNames.length > 0 && !shortNames.some((name) => resources.has(name));
  const accepted = {
    plural: free(plural, resources),
    ...(free(singular, resources) && { singular }),
    ...(areFree && { shortNames }),
    kind: free(kind, kinds),
    ...(free(listKind, kinds) && { listKind }),
    ...rest,
  };
  return { reason: found[0], message: `${JSON.stringify(found[1])} is already in use`, accepted };
}

/** Whether somebody has looked at the definition's names. */
export function isJudged({ status }: CustomResourceDefinitionObject): boolean {
  return status?.conditions?.some(({ type }) => type === "NamesAccepted") ?? false;
}

/** Whether the definition has got its names. */
export function isAccepted({ status }: CustomResourceDefinitionObject): boolean {
  return status?.conditions?.some(({ type, status: state }) => type === "NamesAccepted" && state === "True") ?? false;
}
