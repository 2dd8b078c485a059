/** LimitRanges as objects. */
import type { LimitRange, LimitRangeItem } from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import type { Mutable } from "#kit/json.ts";
import { parseQuantity } from "#kit/quantity.ts";
import { checkContainerResource, checkResourceName, mayOvercommit } from "./pods/resources.ts";
import { labelKey } from "./rules/names.ts";
import { type Report, violations } from "./rules/report.ts";
import type { Strategy } from "./strategy.ts";

const NANO = 1_000_000_000n;
const amountOf = (text: string | undefined): bigint => parseQuantity(text ?? "0")?.nanos ?? 0n;

const asRange = (object: Unstructured): Mutable<LimitRange> => object as unknown as Mutable<LimitRange>;
const TYPES = ["Pod", "Container", "PersistentVolumeClaim"];
const FIELDS = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] as const;

export const limitRangeStrategy: Strategy = {
  createsOnUpdate: true,
  defaults: (draft) => {
    for (const limit of asRange(draft).spec?.limits ?? []) if (limit.type === "Container") defaultLimit(limit);
  },
  validate: (draft) =>
    violations((report) => {
      const seen = new Set<string>();
      asRange(draft).spec?.limits?.forEach((limit, index) => {
        const at = report.at("spec", "limits").item(index);
        checkType(limit.type ?? "", at.at("type"));
        if (seen.has(limit.type)) at.at("type").duplicate(limit.type);
        seen.add(limit.type);
        checkLimit(limit, at);
      });
    }),
};

/** A maximum is the default limit, a default limit the default request, and a minimum the request of last resort. */
function defaultLimit(limit: Mutable<LimitRangeItem>): void {
  const limits = { ...limit.max, ...limit.default };
  if (Object.keys(limits).length > 0) limit.default = limits;
  const requests = { ...limit.min, ...limits, ...limit.defaultRequest };
  if (Object.keys(requests).length > 0) limit.defaultRequest = requests;
}

function checkType(type: string, report: Report): void {
  const problems = labelKey(type);
  report.invalidFor(type, problems);
  if (problems.length === 0 && !type.includes("/") && !TYPES.includes(type))
    report.invalid(type, "must be a standard limit type or fully qualified");
}

/** Pods and containers have other resources than the rest. */
function checkResource(type: string, name: string, report: Report): void {
  if (type === "Pod" || type === "Container") checkContainerResource(name, report);
  else checkResourceName(name, report);
}

function checkLimit(limit: LimitRangeItem, report: Report): void {
  const isOfPods = limit.type === "Pod";
  for (const field of ["default", "defaultRequest"] as const)
    if (isOfPods && limit[field]) report.at(field).forbidden("may not be specified when `type` is 'Pod'");
  if (limit.type === "PersistentVolumeClaim" && !limit.min?.storage && !limit.max?.storage)
    report.at("limits").required("either minimum or maximum storage value is required, but neither was provided");
  for (const field of FIELDS)
    for (const name of Object.keys(limit[field] ?? {}).sort())
      checkResource(limit.type, name, report.at(field).key(name));
  const names = new Set(FIELDS.flatMap((field) => Object.keys(limit[field] ?? {})));
  for (const name of names) checkName(limit, name, isOfPods, report);
}

function checkName(limit: LimitRangeItem, name: string, isOfPods: boolean, report: Report): void {
  const { min, max, default: limits, defaultRequest: requests } = limit;
  const compare = (field: string, [low, lowText]: Bound, [high, highText]: Bound, shown: string | undefined): void => {
    if (low === undefined || high === undefined || amountOf(low) <= amountOf(high)) return;
    report.at(field).key(name).invalid(shown, `${lowText} value ${low} is greater than ${highText} value ${high}`);
  };
  const of = (amounts: Record<string, string> | undefined, text: string): Bound => [amounts?.[name], text];
  compare("min", of(min, "min"), of(max, "max"), min?.[name]);
  if (!isOfPods) {
    compare("defaultRequest", of(min, "min"), of(requests, "default request"), requests?.[name]);
    compare("defaultRequest", of(requests, "default request"), of(max, "max"), requests?.[name]);
    compare("defaultRequest", of(requests, "default request"), of(limits, "default limit"), requests?.[name]);
    compare("default", of(min, "min"), of(limits, "default"), min?.[name]);
    compare("default", of(limits, "default"), of(max, "max"), max?.[name]);
  }
  checkRatio(limit, name, report.at("maxLimitRequestRatio").key(name));
  const [full, asked] = [limits?.[name], requests?.[name]];
  if (mayOvercommit(name) || full === undefined || asked === undefined || amountOf(full) === amountOf(asked)) return;
  const why = `default value ${full} must equal to defaultRequest value ${asked} in ${name}`;
  report.at("defaultRequest").key(name).invalid(asked, why);
}

function checkRatio({ min, max, maxLimitRequestRatio }: LimitRangeItem, name: string, report: Report): void {
  const ratio = maxLimitRequestRatio?.[name];
  if (ratio === undefined) return;
  if (amountOf(ratio) < NANO) report.invalid(ratio, `ratio ${ratio} is less than 1`);
  const [least, most] = [min?.[name], max?.[name]];
  if (least === undefined || most === undefined) return;
  const widest = Number(amountOf(most)) / Number(amountOf(least));
  if (Number(amountOf(ratio)) / Number(NANO) > widest)
    report.invalid(ratio, `ratio ${ratio} is greater than max/min = ${widest.toFixed(6)}`);
}

type Bound = readonly [amount: string | undefined, text: string];
