/** What is wrong with the spec of a job. */
import type { JobSpec } from "#api/builtin/types.gen.ts";
import { compileSelector } from "#kit/selector.ts";
import { checkTemplate } from "../pods/validate.ts";
import { dnsSubdomain } from "../rules/names.ts";
import type { Report } from "../rules/report.ts";
import { checkSelector } from "../rules/selectors.ts";
import { checkFailurePolicy, checkSuccessPolicy } from "./job-policies.ts";

const MODES = ["NonIndexed", "Indexed"];
const MOST_AT_ONCE = 100_000;
const COUNTS = [
  "parallelism",
  "completions",
  "activeDeadlineSeconds",
  "backoffLimit",
  "ttlSecondsAfterFinished",
  "backoffLimitPerIndex",
  "maxFailedIndexes",
] as const;

/** The spec of a job at `report`. */
export function checkJobSpec(spec: JobSpec | undefined, report: Report): void {
  const { selector, template } = spec ?? {};
  if (!selector) report.at("selector").required();
  else checkSelector(selector, report.at("selector"));
  const labels = template?.metadata?.labels;
  if (!selector || !selects(selector, labels))
    report.at("template", "metadata", "labels").invalid(labels ?? null, "`selector` does not match template `labels`");
  checkJobBody(spec, report);
}

function selects(selector: NonNullable<JobSpec["selector"]>, labels: Record<string, string> | undefined): boolean {
  try {
    return compileSelector(selector)(labels);
  } catch {
    return true;
  }
}

/** What is said of the jobs that a cron job makes: they get their selector later. */
export function checkJobTemplate(spec: JobSpec | undefined, report: Report): void {
  if (spec?.selector) report.at("selector").invalid(spec.selector, "`selector` will be auto-generated");
  if (spec?.manualSelector) report.at("manualSelector").notSupported(true, ["nil", "false"]);
  checkJobBody(spec, report);
}

function checkJobBody(spec: Partial<JobSpec> = {}, report: Report): void {
  for (const field of COUNTS) report.at(field).notNegative(spec[field]);
  if (spec.managedBy !== undefined) checkManager(spec.managedBy, report.at("managedBy"));
  if (spec.completionMode !== undefined) report.at("completionMode").oneOf(spec.completionMode, MODES);
  checkIndexed(spec, report);
  checkTemplate(spec.template, report.at("template"));
  checkRestarts(spec, report.at("template", "spec", "restartPolicy"));
  if (spec.podFailurePolicy) checkFailurePolicy(spec, report.at("podFailurePolicy"));
  if (spec.successPolicy) checkSuccessPolicy(spec, report.at("successPolicy"));
  if (spec.podReplacementPolicy !== undefined)
    report
      .at("podReplacementPolicy")
      .oneOf(spec.podReplacementPolicy, spec.podFailurePolicy ? ["Failed"] : ["Failed", "TerminatingOrFailed"]);
}

function checkManager(manager: string, report: Report): void {
  const [domain = "", ...path] = manager.split("/");
  if (path.length === 0 || path.join("/") === "" || dnsSubdomain(domain).length > 0)
    report.invalid(manager, 'must be a domain-prefixed path (such as "acme.io/foo")');
  if (manager.length > 63) report.tooLong(63);
}

function checkIndexed(spec: Partial<JobSpec>, report: Report): void {
  const { completions, parallelism = 0, backoffLimitPerIndex, maxFailedIndexes } = spec;
  if (spec.completionMode !== "Indexed") {
    for (const [field, value] of Object.entries({ backoffLimitPerIndex, maxFailedIndexes }))
      if (value !== undefined) report.at(field).invalid(value, "requires indexed completion mode");
    if (maxFailedIndexes !== undefined && backoffLimitPerIndex === undefined)
      report.at("backoffLimitPerIndex").required("when maxFailedIndexes is specified");
    return;
  }
  if (completions === undefined) report.at("completions").required("when completion mode is Indexed");
  if (parallelism > MOST_AT_ONCE)
    report
      .at("parallelism")
      .invalid(parallelism, `must be less than or equal to ${MOST_AT_ONCE} when completion mode is Indexed`);
  if (completions !== undefined && maxFailedIndexes !== undefined && maxFailedIndexes > completions)
    report.at("maxFailedIndexes").invalid(maxFailedIndexes, "must be less than or equal to completions");
  if (maxFailedIndexes !== undefined && backoffLimitPerIndex === undefined)
    report.at("backoffLimitPerIndex").required("when maxFailedIndexes is specified");
  if (maxFailedIndexes !== undefined && maxFailedIndexes > MOST_AT_ONCE)
    report.at("maxFailedIndexes").invalid(maxFailedIndexes, `must be less than or equal to ${MOST_AT_ONCE}`);
}

function checkRestarts({ template, podFailurePolicy }: Partial<JobSpec>, report: Report): void {
  const policy = template?.spec?.restartPolicy;
  if (policy === undefined || policy === "" || policy === "Always")
    report.required('valid values: "OnFailure", "Never"');
  else if (policy !== "OnFailure" && policy !== "Never") report.notSupported(policy, ["OnFailure", "Never"]);
  else if (podFailurePolicy && policy !== "Never")
    report.invalid(policy, 'only "Never" is supported when podFailurePolicy is specified');
}
