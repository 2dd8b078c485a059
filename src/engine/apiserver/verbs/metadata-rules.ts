/** The rules of object metadata: names, labels, annotations, finalizers, owners, and what updates may change. */
import type { ObjectMeta, Unstructured } from "#api/meta.ts";
import { labelProblems, labelValueProblems, qualifiedNameProblems, subdomainProblems } from "#kit/qualified.ts";
import { forbiddenValue, invalidValue, required } from "#kit/schema/field-errors.ts";
import type { FieldError } from "#kit/status.ts";
import type { NameRule } from "../strategies/strategy.ts";
import { ownerProblems } from "./owners.ts";

const NAME_PROBLEMS: { readonly [rule in NameRule]: (name: string) => string[] } = {
  subdomain: subdomainProblems,
  label: labelProblems,
  path: pathProblems,
};

function pathProblems(name: string): string[] {
  if (name === "." || name === "..") return [`may not be '${name}'`];
  return ["/", "%"].filter((odd) => name.includes(odd)).map((odd) => `may not contain '${odd}'`);
}

const MAX_ANNOTATIONS = 256 << 10;

export type MetadataRules = {
  name: NameRule;
  /** Finalizers have a domain, or are those that Kubernetes itself has. */
  strictFinalizers: boolean;
};

/** Violations in the metadata of a new object. */
export function validateMetadata({ metadata }: Unstructured, rules: MetadataRules): FieldError[] {
  const { name, generateName } = metadata;
  const errors: FieldError[] = [];
  const problemsOf = NAME_PROBLEMS[rules.name];
  if (generateName)
    for (const why of problemsOf(withoutDash(generateName)))
      errors.push(invalidValue("metadata.generateName", generateName, why));
  if (!name) errors.push(required("metadata.name", "name or generateName is required"));
  else for (const why of problemsOf(name)) errors.push(invalidValue("metadata.name", name, why));
  return [...errors, ...validateParts(metadata), ...validateFinalizers(metadata, rules)];
}

/** A prefix may end in what a name may not end in. */
function withoutDash(prefix: string): string {
  return prefix.length > 1 && prefix.endsWith("-") ? `${prefix.slice(0, -1)}a` : prefix;
}

function validateParts(metadata: ObjectMeta): FieldError[] {
  const errors: FieldError[] = [];
  for (const key in metadata.labels) {
    const value = metadata.labels[key] ?? "";
    for (const why of qualifiedNameProblems(key)) errors.push(invalidValue("metadata.labels", key, why));
    for (const why of labelValueProblems(value)) errors.push(invalidValue("metadata.labels", value, why));
  }
  let size = 0;
  for (const key in metadata.annotations) {
    for (const why of qualifiedNameProblems(key.toLowerCase()))
      errors.push(invalidValue("metadata.annotations", key, why));
    size += key.length + (metadata.annotations[key]?.length ?? 0);
  }
  if (size > MAX_ANNOTATIONS)
    errors.push({
      field: "metadata.annotations",
      reason: "FieldValueTooLong",
      message: `Too long: may not be more than ${MAX_ANNOTATIONS} bytes`,
    });
  if (metadata.ownerReferences) errors.push(...ownerProblems(metadata.ownerReferences));
  return errors;
}

function validateFinalizers({ finalizers = [] }: ObjectMeta, { strictFinalizers }: MetadataRules): FieldError[] {
  return finalizers.flatMap((finalizer, at) => {
    const errors = qualifiedNameProblems(finalizer).map((why) => invalidValue("metadata.finalizers", finalizer, why));
    if (strictFinalizers && isUnqualified(finalizer))
      errors.push(invalidValue(`metadata.finalizers[${at}]`, finalizer, NOT_STANDARD));
    return errors;
  });
}

function isUnqualified(finalizer: string): boolean {
  return !finalizer.includes("/") && !STANDARD_FINALIZERS.has(finalizer);
}

/** Warnings about finalizers that others may have thought of as well; `current` are those that are there already. */
export function warnOfFinalizers({ finalizers = [] }: ObjectMeta, current: readonly string[] = []): string[] {
  return finalizers
    .filter((finalizer) => isUnqualified(finalizer) && !current.includes(finalizer))
    .map(
      (finalizer) =>
        `metadata.finalizers: ${JSON.stringify(finalizer)}: prefer a domain-qualified finalizer name to avoid accidental conflicts with other finalizer writers`,
    );
}

const STANDARD_FINALIZERS: ReadonlySet<string> = new Set(["kubernetes", "orphan", "foregroundDeletion"]);
const NOT_STANDARD = "name is neither a standard finalizer name nor is it fully qualified";

const IMMUTABLE = ["uid", "deletionTimestamp", "deletionGracePeriodSeconds"] as const;

/**
 * Violations in the metadata that an update gives; `given` is what the writer sent, `next` what would be stored. They
 * come as often as a real server looks for them, which clients see in the causes.
 */
export function validateMetadataUpdate(
  { given, next, current }: { given: ObjectMeta; next: ObjectMeta; current: ObjectMeta },
  rules: MetadataRules & { passes: number },
): FieldError[] {
  const errors: FieldError[] = [];
  const added = (next.finalizers ?? []).filter((name) => !current.finalizers?.includes(name));
  if (current.deletionTimestamp !== undefined && added.length > 0)
    errors.push(
      forbiddenValue(
        "metadata.finalizers",
        `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((name) => JSON.stringify(name)).join(", ")}}`,
      ),
    );
  for (const field of IMMUTABLE)
    if (given[field] !== undefined && given[field] !== "" && given[field] !== current[field])
      errors.push(invalidValue(`metadata.${field}`, given[field], "field is immutable"));
  const parts = validateParts(next);
  const whole = next.finalizers ? [...parts, ...validateFinalizers(next, rules)] : parts;
  if (errors.length === 0 && whole.length === 0) return errors;
  return [...errors, ...parts, ...errors, ...parts, ...Array.from({ length: rules.passes }, () => whole).flat()];
}
