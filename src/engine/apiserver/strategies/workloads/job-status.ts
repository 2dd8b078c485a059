/** What is wrong with the status that somebody reports of a job. */
import type { Job } from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import type { FieldError } from "#kit/status.ts";
import { PLAIN, type Report, violations } from "../rules/report.ts";
import { checkCounters, draftOf } from "./shared.ts";

type Status = NonNullable<Job["status"]>;

function has({ conditions = [] }: Status, type: string): boolean {
  return conditions.some((condition) => condition.type === type && condition.status === "True");
}

/** Violations in the status of a draft. */
export function jobStatusProblems(draft: Unstructured, current: Unstructured): FieldError[] {
  const { status = {}, spec } = draftOf<Job>(draft);
  const { status: before = {} } = draftOf<Job>(current);
  return violations((report) => {
    const at = report.at("status");
    checkCounters(status, ["active", "succeeded", "failed", "ready", "terminating"], at);
    const canShrink = spec?.completionMode === "Indexed" && spec.completions === spec.parallelism;
    checkProgress(status, before, canShrink ? ["failed"] : ["failed", "succeeded"], at);
    checkEnd(status, before, at);
    if (spec?.completionMode !== "Indexed" && status.completedIndexes)
      at.at("completedIndexes").invalid(
        status.completedIndexes,
        "cannot set non-empty completedIndexes when non-indexed completion mode",
      );
  });
}

type Counter = "failed" | "succeeded";

function checkProgress(status: Status, before: Status, counters: readonly Counter[], report: Report): void {
  for (const counter of counters) {
    const value = status[counter] ?? 0;
    if (value < (before[counter] ?? 0)) report.at(counter).invalid(value, `cannot decrease the ${counter} counter`);
  }
}

const ENDS = ["Complete", "Failed"];

function checkEnd(status: Status, before: Status, report: Report): void {
  const { startTime, completionTime } = status;
  const complete = has(status, "Complete");
  const isFinished = ENDS.some((type) => has(status, type));
  if (complete && completionTime === undefined)
    report.at("completionTime").required("completionTime is required for Complete jobs");
  if (!complete && completionTime !== undefined)
    report
      .at("completionTime")
      .invalid(completionTime, "cannot set completionTime when there is no Complete=True condition");
  if (complete && has(status, "Failed"))
    report.at("conditions").invalid(PLAIN, "cannot set Complete=True and Failed=true conditions");
  if (complete && !has(status, "SuccessCriteriaMet"))
    report
      .at("conditions")
      .invalid(PLAIN, "cannot set Complete=True condition without the SuccessCriteriaMet=true condition");
  if (has(status, "Failed") && !has(status, "FailureTarget"))
    report.at("conditions").invalid(PLAIN, "cannot set Failed=True condition without the FailureTarget=true condition");
  if (isFinished && startTime === undefined) report.at("startTime").required("startTime is required for finished job");
  if (isFinished && (status.active ?? 0) > 0)
    report.at("active").invalid(status.active, "active>0 is invalid for finished job");
  for (const type of [...ENDS, "SuccessCriteriaMet", "FailureTarget"])
    if (has(before, type) && !has(status, type))
      report.at("conditions").invalid(PLAIN, `cannot disable the ${type}=True condition`);
  if (startTime && completionTime && completionTime < startTime)
    report.at("completionTime").invalid(completionTime, "completionTime cannot be set before startTime");
}
