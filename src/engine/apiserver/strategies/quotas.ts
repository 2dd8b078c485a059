/** ResourceQuotas as objects. */
import type { ResourceQuota } from "#api/builtin/types.gen.ts";
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
