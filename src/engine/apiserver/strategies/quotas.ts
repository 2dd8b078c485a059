/** ResourceQuotas as objects. */
import type { ResourceQuota, ScopeSelector } from "#api/builtin/types.gen.ts";
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
const COMPUTED = ["cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"];
const CLAIMED = ["persistentvolumeclaims", "requests.storage"];
/** Scopes that pods are in or not. */
const OF_PODS = SCOPES.filter((scope) => scope !== "VolumeAttributesClass");
/** Scopes that there is nothing to choose among. */
const PLAIN = OF_PODS.filter((scope) => scope !== "PriorityClass");

export const quotaStrategy: Strategy = {
  returnsDeleted: true,
  prepareCreate: (draft) => {
    draft.status = {};
  },
  validate: (draft, current) =>
    violations((report) => {
      const { hard = {}, scopes, scopeSelector } = asQuota(draft).spec ?? {};
      for (const [name, amount] of Object.entries(hard)) checkHard(name, amount, report.at("spec", "hard").key(name));
      const names = Object.keys(hard).sort();
      if (scopes) checkScopes(scopes, names, report.at("spec", "scopes"));
      if (scopeSelector) checkSelectors(scopeSelector, names, report.at("spec", "scopeSelector", "matchExpressions"));
      const before = current && asQuota(current).spec?.scopes;
      if (current && !deepEqual([...(scopes ?? [])].sort(), [...(before ?? [])].sort()))
        report.at("spec", "scopes").invalid(scopes ?? null, "field is immutable");
    }),
  validateStatus: (draft) =>
    violations((report) => {
      const { hard = {}, used = {} } = asQuota(draft).status ?? {};
      for (const [field, amounts] of Object.entries({ hard, used }))
        for (const [name, amount] of Object.entries(amounts))
          checkHard(name, amount, report.at("status", field).key(name));
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
      if (!fitsScope(name, scope)) report.invalid(scopes, "unsupported scope applied to resource");
  }
  for (const pair of CONFLICTING)
    if (pair.every((scope) => scopes.includes(scope))) report.invalid(scopes, "conflicting scopes");
}

/** Whether what the name stands for can be in the scope; other names are nobody's business. */
function fitsScope(name: string, scope: string): boolean {
  if (!COUNTED.includes(name) && !MEASURED.includes(name)) return true;
  if (scope === "VolumeAttributesClass") return CLAIMED.includes(name);
  if (!OF_PODS.includes(scope) || name === "pods") return true;
  return scope !== "BestEffort" && COMPUTED.includes(name);
}

function checkSelectors(selector: ScopeSelector, names: readonly string[], report: Report): void {
  const { matchExpressions = [] } = selector;
  for (const { scopeName, operator, values = [] } of matchExpressions) {
    if (!SCOPES.includes(scopeName)) report.at("scopeName").invalid(scopeName, "unsupported scope");
    for (const name of names)
      if (!fitsScope(name, scopeName))
        report.invalid({ MatchExpressions: goExpressions(selector) }, "unsupported scope applied to resource");
    if (PLAIN.includes(scopeName) && operator !== "Exists")
      report
        .at("operator")
        .invalid(
          operator,
          "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
        );
    checkOperator(operator, values, report);
  }
  const scopes = matchExpressions.map(({ scopeName }) => scopeName);
  for (const pair of CONFLICTING)
    if (pair.every((scope) => scopes.includes(scope))) report.invalid(null, "conflicting scopes");
}

function goExpressions({ matchExpressions = [] }: ScopeSelector): object[] {
  return matchExpressions.map(({ scopeName, operator, values = null }) => ({
    ...{ ScopeName: scopeName, Operator: operator, Values: values },
  }));
}

function checkOperator(operator: string, values: readonly string[], report: Report): void {
  if (operator === "In" || operator === "NotIn") {
    if (values.length === 0)
      report.at("values").required("must be at least one value when `operator` is 'In' or 'NotIn' for scope selector");
  } else if (operator === "Exists" || operator === "DoesNotExist") {
    if (values.length > 0)
      report
        .at("values")
        .invalid(values, "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector");
  } else report.at("operator").invalid(operator, "not a valid selector operator");
}
