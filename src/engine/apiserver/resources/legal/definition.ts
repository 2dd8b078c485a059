/** Whether a CustomResourceDefinition is legal, with the errors that a real server gives. */
import type { CustomResourceDefinitionObject, DefinitionVersion } from "#api/builtin/definition.ts";
import { deepEqual } from "#kit/json.ts";
import { isDnsSubdomain } from "#kit/names.ts";
import { invalidValue, notSupported, required } from "#kit/schema/field-errors.ts";
import type { FieldError } from "#kit/status.ts";
import { conversionProblems } from "./conversion.ts";
import { isDns1035Label, LABEL_1035, nameProblems } from "./names.ts";
import { columnProblems, schemaProblems, selectableProblems, subresourceProblems } from "./version.ts";

type Spec = CustomResourceDefinitionObject["spec"];

const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

/** Everything that is wrong with a definition; `current` is what it replaces. */
export function definitionProblems(
  draft: CustomResourceDefinitionObject,
  current: CustomResourceDefinitionObject | undefined,
  isStatus = false,
): FieldError[] {
  const { metadata, spec } = draft;
  const errors: FieldError[] = [];
  if (!current && metadata.name && metadata.name !== `${spec.names?.plural ?? ""}.${spec.group ?? ""}`)
    errors.push(invalidValue("metadata.name", metadata.name, 'must be spec.names.plural+"."+spec.group'));
  errors.push(...groupProblems(spec));
  errors.push(...scopeProblems(spec));
  errors.push(...versionProblems(spec, current?.spec));
  errors.push(...nameProblems(spec.names, "spec.names"));
  errors.push(...sharedProblems(spec, current?.spec));
  errors.push(...conversionProblems(spec.conversion));
  if (!isStatus || !current) errors.push(...storedVersionProblems(spec, draft.status?.storedVersions ?? []));
  if (current) errors.push(...immutableProblems(spec, current.spec));
  if (current && !isStatus) errors.push(...storedProblems(draft));
  errors.push(...approvalProblems(draft, current));
  if (spec.preserveUnknownFields && !current?.spec.preserveUnknownFields)
    errors.push(
      invalidValue(
        "spec.preserveUnknownFields",
        true,
        "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead",
      ),
    );
  return errors;
}

function groupProblems({ group }: Spec): FieldError[] {
  if (!group) return [required("spec.group")];
  if (!isDnsSubdomain(group)) return [invalidValue("spec.group", group, SUBDOMAIN)];
  return group.includes(".") ? [] : [invalidValue("spec.group", group, "should be a domain with at least one dot")];
}

function scopeProblems({ scope }: Spec): FieldError[] {
  if (!scope) return [required("spec.scope")];
  return scope === "Cluster" || scope === "Namespaced"
    ? []
    : [notSupported("spec.scope", scope, ["Cluster", "Namespaced"])];
}

/** A property that is the same in all versions belongs to the whole definition, and errors in it are reported there. */
function isShared(
  versions: readonly DefinitionVersion[],
  property: "schema" | "subresources" | "additionalPrinterColumns" | "selectableFields",
): boolean {
  const first = versions[0]?.[property];
  return first !== undefined && versions.every((version) => deepEqual(version[property], first));
}

function versionProblems(spec: Spec, before: Spec | undefined): FieldError[] {
  const versions = spec.versions ?? [];
  const errors: FieldError[] = [];
  versions.forEach((version, index) => {
    if (!version.schema?.openAPIV3Schema) errors.push(required(`spec.versions[${index}].schema.openAPIV3Schema`));
  });
  versions.forEach((version, index) => {
    const path = `spec.versions[${index}]`;
    if (!isDns1035Label(version.name ?? "")) errors.push(invalidValue(`${path}.name`, version.name ?? "", LABEL_1035));
    errors.push(...deprecationProblems(version, path));
    if (!isShared(versions, "schema")) errors.push(...ofSchema(version, before, `${path}.schema`));
    if (!isShared(versions, "subresources")) errors.push(...subresourceProblems(version, `${path}.subresources`));
    if (!isShared(versions, "additionalPrinterColumns"))
      errors.push(...columnProblems(version, `${path}.additionalPrinterColumns`));
    if (!isShared(versions, "selectableFields"))
      errors.push(...selectableProblems(version, `${path}.selectableFields`));
  });
  const whole = (why: string): FieldError => ({
    field: "spec.versions",
    reason: "FieldValueInvalid",
    message: `Invalid value: ${JSON.stringify(spec.versions?.map(goVersion) ?? null)}: ${why}`,
  });
  errors.push(...firstVersionProblems(spec));
  if (new Set(versions.map(({ name }) => name)).size < versions.length)
    errors.push(whole("must contain unique version names"));
  if (versions.filter(({ storage }) => storage).length !== 1)
    errors.push(whole("must have exactly one version marked as storage version"));
  return errors;
}

/** A version as messages show it, without what is long. */
function goVersion({ name, served, storage, deprecated, deprecationWarning }: DefinitionVersion): object {
  return {
    Name: name ?? "",
    Served: served ?? false,
    Storage: storage ?? false,
    Deprecated: deprecated ?? false,
    DeprecationWarning: deprecationWarning ?? null,
    Schema: null,
    Subresources: null,
    AdditionalPrinterColumns: null,
    SelectableFields: null,
  };
}

/** Problems of what all versions have in common. */
function sharedProblems(spec: Spec, before: Spec | undefined): FieldError[] {
  const versions = spec.versions ?? [];
  const [first] = versions;
  if (!first) return [];
  return [
    ...(isShared(versions, "schema") ? ofSchema(first, before, "spec.validation") : []),
    ...(isShared(versions, "subresources") ? subresourceProblems(first, "spec.subresources") : []),
    ...(isShared(versions, "additionalPrinterColumns") ? columnProblems(first, "spec.additionalPrinterColumns") : []),
    ...(isShared(versions, "selectableFields") ? selectableProblems(first, "spec.selectableFields") : []),
  ];
}

/** A schema that has not changed is not held against the writer again. */
function ofSchema(version: DefinitionVersion, before: Spec | undefined, path: string): FieldError[] {
  const old = before?.versions.find(({ name }) => name === version.name);
  return old && deepEqual(old.schema, version.schema) ? [] : schemaProblems(version, path);
}

function deprecationProblems({ deprecated, deprecationWarning }: DefinitionVersion, path: string): FieldError[] {
  if (deprecationWarning === undefined) return [];
  const at = `${path}.deprecationWarning`;
  const problem = (why: string): FieldError[] => [invalidValue(at, deprecationWarning, why)];
  if (!deprecated) return problem("can only be set for deprecated versions");
  if (deprecationWarning.length > 256) return problem("must be <= 256 characters long");
  if (deprecationWarning === "") return problem("must not be an empty string");
  const odd = deprecationWarning.search(/[^\P{C}]/u);
  if (odd < 0) return [];
  return problem(`must only contain printable UTF-8 characters; non-printable character found at index ${odd}`);
}

/** The first version is that of the whole definition too. */
function firstVersionProblems({ versions = [] }: Spec): FieldError[] {
  const name = versions[0]?.name;
  return !name || isDns1035Label(name) ? [] : [invalidValue("spec.version", name, LABEL_1035)];
}

function storedVersionProblems({ versions = [] }: Spec, stored: readonly string[]): FieldError[] {
  const field = "status.storedVersions";
  if (stored.length === 0) return [invalidValue(field, null, "must have at least one stored version")];
  const missing = versions.filter(({ name, storage }) => storage && name && !stored.includes(name));
  const last = missing.at(-1);
  return last ? [invalidValue(field, stored, `must have the storage version ${last.name}`)] : [];
}

function immutableProblems(spec: Spec, before: Spec): FieldError[] {
  const fields: [field: string, value: unknown, old: unknown][] = [
    ["spec.scope", spec.scope, before.scope],
    ["spec.names.kind", spec.names?.kind, before.names.kind],
    ["spec.group", spec.group, before.group],
    ["spec.names.plural", spec.names?.plural, before.names.plural],
  ];
  return fields
    .filter(([, value, old]) => value !== old)
    .map(([field, value]) => invalidValue(field, value ?? "", "field is immutable"));
}

function storedProblems({ spec, status }: CustomResourceDefinitionObject): FieldError[] {
  const known = new Set((spec.versions ?? []).map(({ name }) => name));
  return (status?.storedVersions ?? []).flatMap((name, index) =>
    known.has(name)
      ? []
      : [
          invalidValue(
            `status.storedVersions[${index}]`,
            name,
            `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`,
          ),
        ],
  );
}

const APPROVAL = "api-approved.kubernetes.io";

/** Groups of the Kubernetes project need an approval, which is the URL of the decision. */
function approvalProblems(
  draft: CustomResourceDefinitionObject,
  current: CustomResourceDefinitionObject | undefined,
): FieldError[] {
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(draft.spec.group ?? "")) return [];
  const value = draft.metadata.annotations?.[APPROVAL];
  if (current && value === current.metadata.annotations?.[APPROVAL]) return [];
  const field = `metadata.annotations[${APPROVAL}]`;
  const see = "see https://github.com/kubernetes/enhancements/pull/1111";
  if (!value) return [required(field, `protected groups must have approval annotation "${APPROVAL}", ${see}`)];
  if (value.startsWith("unapproved") || URL.canParse(value)) return [];
  return [
    invalidValue(
      field,
      value,
      `protected groups must have approval annotation "${APPROVAL}" with either a URL or a reason starting with "unapproved", ${see}`,
    ),
  ];
}
