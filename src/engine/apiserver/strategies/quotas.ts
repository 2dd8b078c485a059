/** ResourceQuotas and LimitRanges as objects. */
import type { LimitRange, LimitRangeItem, ResourceQuota } from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import { deepEqual, type Mutable } from "#kit/json.ts";
import { parseQuantity } from "#kit/quantity.ts";
import { labelKey } from "./rules/names.ts";
import { type Report, violations } from "./rules/report.ts";
import type { Strategy } from "./strategy.ts";

const NANO = 1_000_000_000n;
const amountOf = (text: string | undefined): bigint => parseQuantity(text ?? "0")?.nanos ?? 0n;

const asQuota = (object: Unstructured): Mutable<ResourceQuota> => object as unknown as Mutable<ResourceQuota>;

const COUNTED = [
  ...["pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps"],
  ...["persistentvolumeclaims", "services.nodeports", "services.loadbalancers"],
];
const MEASURED = [
  ...["cpu", "memory", "ephemeral-storage", "requests.storage", "requests.ephemeral-storage"],
  ...["requests.cpu", "requests.memory", "limits.cpu", "limits.memory", "limits.ephemeral-storage"],
];
const SCOPES = [
  ...["Terminating", "NotTerminating", "BestEffort", "NotBestEffort", "PriorityClass"],
  ...["CrossNamespacePodAffinity", "VolumeAttributesClass"],
];
const CONFLICTING = [
  ["BestEffort", "NotBestEffort"],
  ["Terminating", "NotTerminating"],
] as const;
/** What pods without requests can be counted by. */
const UNMEASURED = ["pods"];

export const quotaStrategy: Strategy = {
  returnsDeleted: true,
  prepareCreate: (draft) => {
    draft.status = {};
  },
  validate: (draft, current) =>
    violations((report) => {
      const { hard = {}, scopes } = asQuota(draft).spec ?? {};
      for (const [name, amount] of Object.entries(hard)) checkHard(name, amount, report.at("spec", "hard").key(name));
      if (scopes) checkScopes(scopes, Object.keys(hard), report.at("spec", "scopes"));
      const before = current && asQuota(current).spec?.scopes;
      if (current && !deepEqual([...(scopes ?? [])].sort(), [...(before ?? [])].sort()))
        report.at("spec", "scopes").invalid(scopes ?? null, "field is immutable");
    }),
};

function checkHard(name: string, amount: string, report: Report): void {
  report.invalidFor(name, labelKey(name));
  const isKnown = COUNTED.includes(name) || MEASURED.includes(name) || /^(requests\.)?hugepages-/.test(name);
  if (!name.includes("/") && !isKnown) {
    report.invalid(name, "must be a standard resource type or fully qualified");
    report.invalid(name, "must be a standard resource for quota");
  }
  if (amountOf(amount) < 0n) report.invalid(amount, "must be greater than or equal to 0");
  if ((COUNTED.includes(name) || name.startsWith("count/")) && amountOf(amount) % NANO !== 0n)
    report.invalid(amount, "must be an integer");
}

function checkScopes(scopes: readonly string[], names: readonly string[], report: Report): void {
  for (const scope of scopes) {
    if (!SCOPES.includes(scope)) report.invalid(scopes, "unsupported scope");
    for (const name of names)
      if ((scope === "BestEffort" && MEASURED.includes(name)) || (COUNTED.includes(name) && !UNMEASURED.includes(name)))
        report.invalid(scopes, "unsupported scope applied to resource");
  }
  for (const pair of CONFLICTING)
    if (pair.every((scope) => scopes.includes(scope))) report.invalid(scopes, "conflicting scopes");
}

const asRange = (object: Unstructured): Mutable<LimitRange> => object as unknown as Mutable<LimitRange>;
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
        at.at("type").invalidFor(limit.type ?? "", labelKey(limit.type ?? ""));
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

function checkLimit(limit: LimitRangeItem, report: Report): void {
  const isOfPods = limit.type === "Pod";
  for (const field of ["default", "defaultRequest"] as const)
    if (isOfPods && limit[field]) report.at(field).forbidden("may not be specified when `type` is 'Pod'");
  if (limit.type === "PersistentVolumeClaim" && !limit.min?.storage && !limit.max?.storage)
    report.at("limits").required("either minimum or maximum storage value is required, but neither was provided");
  const names = new Set(FIELDS.flatMap((field) => Object.keys(limit[field] ?? {})));
  for (const name of names) checkName(limit, name, isOfPods, report);
}

function checkName(limit: LimitRangeItem, name: string, isOfPods: boolean, report: Report): void {
  const { min, max, default: limits, defaultRequest: requests, maxLimitRequestRatio: ratio } = limit;
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
  const most = ratio?.[name];
  if (most !== undefined && amountOf(most) < NANO)
    report.at("maxLimitRequestRatio").key(name).invalid(most, `ratio ${most} is less than 1`);
}

type Bound = readonly [amount: string | undefined, text: string];
