/** What the kinds that keep pods of a template have in common. */
import type { PodTemplateSpec } from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import { deepEqual, type Mutable } from "#kit/json.ts";
import { compileSelector, type LabelSelector } from "#kit/selector.ts";
import { defaultPodSpec } from "../pods/defaults.ts";
import { checkTemplate } from "../pods/validate.ts";
import { warnOfTemplate } from "../pods/warnings.ts";
import type { Report } from "../rules/report.ts";
import { checkSelector, isEmptySelector } from "../rules/selectors.ts";

/** A draft as the type that its kind has. */
export function draftOf<T>(object: Unstructured): Mutable<T> {
  return object as unknown as Mutable<T>;
}

/** Warnings about a template at a path when the object is new, or is another one than it was. */
export function warnOfOwnTemplate(
  template: PodTemplateSpec | undefined,
  path: string,
  [draft, current]: readonly [Unstructured, Unstructured | undefined],
): string[] {
  return isOtherThan(draft, current) ? warnOfTemplate(template, path) : [];
}

/** True for a new object, and for a change of more than metadata. */
export function isOtherThan(draft: Unstructured, current: Unstructured | undefined): boolean {
  return !current || draft.metadata.generation !== current.metadata.generation;
}

/** Fills in a template of pods. */
export function defaultTemplate(template: Mutable<PodTemplateSpec> | undefined): void {
  if (template?.spec) defaultPodSpec(template.spec);
}

type Selecting = { readonly selector?: LabelSelector; readonly template?: PodTemplateSpec };

/** A selector, which must select something, and the template whose pods it must select. `kind` is named in messages. */
export function checkSelecting({ selector, template }: Selecting, kind: string, report: Report): void {
  const at = report.at("selector");
  if (!selector) at.required();
  else {
    checkSelector(selector, at);
    if (isEmptySelector(selector)) at.invalid(selector, `empty selector is invalid for ${kind}`);
  }
  const matches = selectorOf(selector, at);
  if (matches) checkMatch(matches, template, report.at("template"));
  checkTemplate(template, report.at("template"));
}

type Matcher = (labels: Readonly<Record<string, string>> | undefined) => boolean;

function selectorOf(selector: LabelSelector | undefined, report: Report): Matcher | undefined {
  if (!selector) return () => false;
  if (isEmptySelector(selector)) return undefined;
  try {
    return compileSelector(selector);
  } catch {
    report.invalid(selector, "invalid label selector");
    return undefined;
  }
}

function checkMatch(matches: Matcher, template: PodTemplateSpec | undefined, report: Report): void {
  const labels = template?.metadata?.labels;
  if (!matches(labels))
    report.at("metadata", "labels").invalid(labels ?? null, "`selector` does not match template `labels`");
}

/** Pods of the template are to be kept running, and never to end by themselves. */
export function checkPermanent(template: PodTemplateSpec | undefined, kind: string, report: Report): void {
  const { restartPolicy, activeDeadlineSeconds } = template?.spec ?? {};
  const at = report.at("template", "spec");
  if (restartPolicy !== undefined && restartPolicy !== "Always")
    at.at("restartPolicy").notSupported(restartPolicy, ["Always"]);
  if (activeDeadlineSeconds !== undefined)
    at.at("activeDeadlineSeconds").forbidden(`activeDeadlineSeconds in ${kind} is not Supported`);
}

/** A field that keeps its value. */
export function checkKept(next: unknown, before: unknown, report: Report): void {
  if (!deepEqual(next, before)) report.invalid(next ?? null, "field is immutable");
}

type Counts = Readonly<Record<string, unknown>>;

/** Counters of a status at `report` that are not negative. */
export function checkCounters(status: Counts, fields: readonly string[], report: Report): void {
  for (const field of fields) report.at(field).notNegative(status[field] as number | undefined);
}

/** Counters that are parts of another: `why` says of which. */
export function checkParts(
  status: Counts,
  fields: readonly string[],
  [whole, why]: readonly [string, string],
  report: Report,
): void {
  const limit = Number(status[whole] ?? 0);
  for (const field of fields) {
    const value = Number(status[field] ?? 0);
    if (value > limit) report.at(field).invalid(value, why);
  }
}
