/** When the pods of a job count as failed, and when the job has succeeded. */
import type { JobSpec, PodFailurePolicyRule, SuccessPolicyRule } from "#api/builtin/types.gen.ts";
import { labelKey } from "../rules/names.ts";
import { PLAIN, type Report } from "../rules/report.ts";

const ACTIONS = ["Count", "FailIndex", "FailJob", "Ignore"];
const STATUSES = ["False", "True", "Unknown"];
const MOST_RULES = 20;
const MOST_EXIT_CODES = 255;

/** The failure policy of a job at `report`. */
export function checkFailurePolicy(spec: Partial<JobSpec>, report: Report): void {
  const rules = spec.podFailurePolicy?.rules ?? [];
  if (rules.length > MOST_RULES) report.at("rules").tooMany(rules.length, MOST_RULES);
  const pod = spec.template?.spec;
  const containers = [...(pod?.containers ?? []), ...(pod?.initContainers ?? [])].map(({ name }) => name);
  rules.forEach((rule, index) => {
    checkFailureRule(rule, { spec, containers }, report.at("rules").item(index));
  });
}

type Surroundings = { spec: Partial<JobSpec>; containers: readonly string[] };

function checkFailureRule(rule: PodFailurePolicyRule, { spec, containers }: Surroundings, report: Report): void {
  const { action, onExitCodes, onPodConditions } = rule;
  if (!action) report.at("action").required(`valid values: ${ACTIONS.map((name) => JSON.stringify(name)).join(", ")}`);
  else if (action === "FailIndex" && spec.backoffLimitPerIndex === undefined)
    report.at("action").invalid(action, "requires the backoffLimitPerIndex to be set");
  else report.at("action").oneOf(action, ACTIONS);
  if (onExitCodes) checkExitCodes(onExitCodes, containers, report.at("onExitCodes"));
  onPodConditions?.forEach(({ type = "", status }, index) => {
    const at = report.at("onPodConditions").item(index);
    at.at("type").invalidFor(type, labelKey(type));
    if (!status) at.at("status").required(`valid values: ${STATUSES.map((name) => JSON.stringify(name)).join(", ")}`);
    else at.at("status").oneOf(status, STATUSES);
  });
  if (onExitCodes && onPodConditions?.length)
    report.invalid(PLAIN, "specifying both OnExitCodes and OnPodConditions is not supported");
  if (!onExitCodes && !onPodConditions?.length)
    report.invalid(PLAIN, "specifying one of OnExitCodes and OnPodConditions is required");
}

type ExitCodes = NonNullable<PodFailurePolicyRule["onExitCodes"]>;

function checkExitCodes(
  { operator, values, containerName }: ExitCodes,
  known: readonly string[],
  report: Report,
): void {
  const codes = values ?? [];
  if (!operator) report.at("operator").required('valid values: "In", "NotIn"');
  else report.at("operator").oneOf(operator, ["In", "NotIn"]);
  if (containerName !== undefined && !known.includes(containerName))
    report
      .at("containerName")
      .invalid(containerName, "must be one of the container or initContainer names in the pod template");
  const at = report.at("values");
  if (codes.length === 0) at.invalid(codes, "at least one value is required");
  else if (codes.length > MOST_EXIT_CODES) at.tooMany(codes.length, MOST_EXIT_CODES);
  const seen = new Set<number>();
  codes.forEach((code, index) => {
    if (operator === "In" && code === 0) at.item(index).invalid(0, "must not be 0 for the In operator");
    if (seen.has(code)) at.item(index).duplicate(code);
    seen.add(code);
  });
  if (codes.some((code, index) => index > 0 && code < Number(codes[index - 1]))) at.invalid(codes, "must be ordered");
}

/** The success policy of a job at `report`. */
export function checkSuccessPolicy(spec: Partial<JobSpec>, report: Report): void {
  const rules = spec.successPolicy?.rules ?? [];
  if (spec.completionMode !== "Indexed") {
    report.invalid({ Rules: rules.map(inGo) }, "requires indexed completion mode");
    return;
  }
  if (rules.length === 0)
    report.at("rules").required("at least one rules must be specified when the successPolicy is specified");
  if (rules.length > MOST_RULES) report.at("rules").tooMany(rules.length, MOST_RULES);
  rules.forEach((rule, index) => {
    checkSuccessRule(rule, spec.completions ?? 0, report.at("rules").item(index));
  });
}

function inGo({ succeededIndexes, succeededCount }: SuccessPolicyRule): object {
  return { SucceededIndexes: succeededIndexes ?? null, SucceededCount: succeededCount ?? null };
}

function checkSuccessRule(rule: SuccessPolicyRule, completions: number, report: Report): void {
  const { succeededCount: count, succeededIndexes: indexes } = rule;
  if (count === undefined && indexes === undefined)
    report.required("at least one of succeededCount or succeededIndexes must be specified");
  let total: number | undefined;
  if (indexes !== undefined)
    try {
      total = countIndexes(indexes, completions);
    } catch (error) {
      const why = error instanceof RangeError ? error.message : String(error);
      report.at("succeededIndexes").invalid(indexes, `error parsing succeededIndexes: ${why}`);
    }
  if (count === undefined) return;
  const at = report.at("succeededCount");
  at.notNegative(count);
  if (count > completions)
    at.invalid(count, `must be less than or equal to ${completions} (the number of specified completions)`);
  if (total !== undefined && count > total)
    at.invalid(
      count,
      `must be less than or equal to ${total} (the number of indexes in the specified succeededIndexes field)`,
    );
}

/** How many indexes a list such as `0,3-5` names. Throws RangeError with the reason why it is none. */
function countIndexes(text: string, completions: number): number {
  let [total, previous] = [0, -1];
  for (const part of text.split(",")) {
    const bounds = part.split("-");
    if (bounds.length > 2) throw new RangeError(`invalid format: ${JSON.stringify(part)}`);
    const [first = 0, last = first] = bounds.map((bound) => parseIndex(bound, completions));
    if (first <= previous) throw new RangeError(`non-increasing order, previous: ${previous}, current: ${first}`);
    if (bounds.length === 2 && last <= first)
      throw new RangeError(`non-increasing order, previous: ${first}, current: ${last}`);
    total += last - first + 1;
    previous = last;
  }
  return total;
}

function parseIndex(text: string, completions: number): number {
  if (!/^\d+$/.test(text)) throw new RangeError(`cannot convert string to integer for index: ${JSON.stringify(text)}`);
  if (Number(text) >= completions) throw new RangeError(`too large index: ${JSON.stringify(text)}`);
  return Number(text);
}
