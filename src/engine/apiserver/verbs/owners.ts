/** The owners of an object, and what is wrong with them. */
import type { ObjectMeta, OwnerReference } from "#api/meta.ts";
import { canonicalJson } from "#kit/json.ts";
import { invalidValue } from "#kit/schema/field-errors.ts";
import type { FieldError } from "#kit/status.ts";

/** Owners that are not told in full, that cannot own, or of which several control. */
export function ownerProblems(owners: readonly OwnerReference[]): FieldError[] {
  const path = "metadata.ownerReferences";
  const errors = owners.flatMap((owner) => {
    const { apiVersion = "" } = owner;
    const parts = apiVersion.split("/");
    const own: FieldError[] = [];
    if (parts.length > 2 || parts.at(-1) === "")
      own.push(invalidValue(`${path}.apiVersion`, apiVersion, "version must not be empty"));
    for (const field of ["kind", "name", "uid"] as const)
      if (!owner[field]) own.push(invalidValue(`${path}.${field}`, "", "must not be empty"));
    if (apiVersion === "v1" && owner.kind === "Event")
      own.push(invalidValue(path, owner, "/v1, Kind=Event is disallowed from being an owner"));
    return own;
  });
  const [first, second] = owners.filter(({ controller }) => controller);
  if (first && second) {
    const [one, other] = [first, second].map(({ kind, name }) => `${kind}/${name}`);
    const why = `Only one reference can have Controller set to true. Found "true" in references for ${one} and ${other}`;
    errors.push(invalidValue(path, owners, why));
  }
  return errors;
}

/** Owners without those that are given twice. */
export function distinct(owners: readonly OwnerReference[]): OwnerReference[] {
  const seen = new Set<string>();
  return owners.filter((owner) => {
    const id = canonicalJson(owner);
    return !seen.has(id) && seen.add(id);
  });
}

/** A warning when an owner is given twice. */
export function warnOfOwners({ ownerReferences = [] }: ObjectMeta): string[] {
  if (ownerReferences.length < 2 || distinct(ownerReferences).length === ownerReferences.length) return [];
  const uids = ownerReferences.map(({ uid }) => uid);
  const repeated = [...new Set(uids.filter((uid, at) => uids.indexOf(uid) !== at))];
  return [
    `.metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${repeated.join(", ")}`,
  ];
}
