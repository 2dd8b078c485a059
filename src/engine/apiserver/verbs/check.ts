/** The rules that a draft has to keep: those of metadata, of its schema, of its kind, and in CEL. */
import type { ObjectMeta, Unstructured } from "#api/meta.ts";
import { rulesOf } from "#kit/cel/rules.ts";
import { validateRules } from "#kit/cel/validate-rules.ts";
import { validateEmbedded } from "#kit/schema/embedded.ts";
import { validateLists } from "#kit/schema/lists.ts";
import { validate } from "#kit/schema/validate.ts";
import { type FieldError, invalid } from "#kit/status.ts";
import type { ServedResource } from "../resources/served.ts";
import type { Part } from "../strategies/strategy.ts";
import { type MetadataRules, validateMetadata, validateMetadataUpdate, warnOfFinalizers } from "./metadata-rules.ts";
import { scaleProblems } from "./scale-paths.ts";

/**
 * Throws Invalid with every violation in a draft. Returns warnings about violations that are tolerated because the
 * update has not touched them. `given` is the metadata that the writer of an update has sent.
 */
export function check(
  served: ServedResource,
  draft: Unstructured,
  {
    current,
    given = draft.metadata,
    isStatus = false,
    part,
  }: { current?: Unstructured; given?: ObjectMeta; isStatus?: boolean; part?: Part | undefined } = {},
): string[] {
  const { strategy, facts, schema } = served;
  const rules: MetadataRules = { name: strategy.nameRule ?? "subdomain", strictFinalizers: facts.builtin };
  const ofMetadata = current
    ? validateMetadataUpdate(
        { given, next: draft.metadata, current: current.metadata },
        { ...rules, passes: strategy.revalidates ? 2 : 1 },
      )
    : validateMetadata(draft, rules);
  const rulesOfKind = (): FieldError[] | undefined => {
    if (!current) return strategy.validate?.(draft, undefined);
    if (part) return part.validate(draft, current);
    return isStatus && facts.builtin ? strategy.validateStatus?.(draft, current) : strategy.validate?.(draft, current);
  };
  const errors = [
    ...ofMetadata,
    ...(facts.builtin ? validate(schema, draft).filter(isNotNull) : validate(schema, draft, "", current)),
    ...(facts.builtin ? [] : [...validateEmbedded(schema, draft), ...newRepetitions(served, draft, current)]),
    ...(rulesOfKind() ?? []),
    ...(!facts.builtin && facts.scale ? scaleProblems(draft, facts.scale) : []),
  ];
  let tolerated: readonly FieldError[] = [];
  if (rulesOf(schema)) {
    if (errors.some(({ reason }) => BLOCKING.has(reason))) errors.push(UNCHECKED);
    else {
      const found = validateRules(schema, draft, current);
      errors.push(...found.errors);
      tolerated = found.tolerated;
    }
  }
  if (errors.length > 0)
    throw invalid(strategy.errorGroup ?? facts.group, facts.kind, draft.metadata.name ?? "", errors);
  const warnings = facts.builtin
    ? warningsOfKind(served, draft, { current, isStatus, part })
    : warnOfFinalizers(draft.metadata, current?.metadata.finalizers);
  return [...warnings, ...tolerated.map(({ field, message }) => `${field}: ${message}`)];
}

function warningsOfKind(
  { strategy }: ServedResource,
  draft: Unstructured,
  { current, isStatus, part }: { current: Unstructured | undefined; isStatus: boolean; part: Part | undefined },
): string[] {
  if (part) return [];
  return (isStatus ? strategy.warnStatus?.(draft) : strategy.warn?.(draft, current)) ?? [];
}

/** Built-in kinds write null for lists that are not there. */
function isNotNull({ message }: FieldError): boolean {
  return !message.startsWith('Invalid value: "null"');
}

/** Repeated list items, unless the current object has some too. */
function newRepetitions(
  { schema }: ServedResource,
  draft: Unstructured,
  current: Unstructured | undefined,
): FieldError[] {
  const errors = validateLists(schema, draft);
  return errors.length > 0 && current && validateLists(schema, current).length > 0 ? [] : errors;
}

/** Violations that make an object something which rules cannot be run on. */
const BLOCKING: ReadonlySet<string> = new Set([
  "FieldValueRequired",
  "FieldValueTooLong",
  "FieldValueTooMany",
  "FieldValueTypeInvalid",
]);

const UNCHECKED: FieldError = {
  field: "<nil>",
  reason: "FieldValueInvalid",
  message:
    "Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
};
