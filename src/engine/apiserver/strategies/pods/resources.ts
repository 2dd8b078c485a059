/** What containers and pods ask for, and what they are held to. */
import type { ResourceRequirements } from "#api/builtin/types.gen.ts";
import { parseQuantity } from "#kit/quantity.ts";
import { labelKey } from "../rules/names.ts";
import type { Report } from "../rules/report.ts";

const NANO = 1_000_000_000n;
const STANDARD = new Set(["cpu", "memory", "ephemeral-storage"]);
const HUGEPAGES = "hugepages-";

type Amounts = Readonly<Record<string, string>>;

function amountOf(text: string): bigint {
  return parseQuantity(text)?.nanos ?? 0n;
}

function isExtended(name: string): boolean {
  if (!name.includes("/") || name.includes("kubernetes.io/") || name.startsWith("requests.")) return false;
  return labelKey(`requests.${name}`).length === 0;
}

/** Only what can be shared may be asked for in a smaller amount than it is limited to. */
export function mayOvercommit(name: string): boolean {
  return !isExtended(name) && !name.startsWith(HUGEPAGES);
}

/** Requests and limits of a container. `claims` are the names of the pod's resource claims. */
export function checkResources(resources: ResourceRequirements, claims: readonly string[], report: Report): void {
  const { limits = {}, requests = {} } = resources;
  checkAmounts(limits, report.at("limits"));
  checkAmounts(requests, report.at("requests"));
  for (const [name, request] of Object.entries(requests)) {
    const limit = limits[name];
    if (limit === undefined) {
      if (!mayOvercommit(name)) report.at("limits").required("Limit must be set for non overcommitable resources");
    } else if (!mayOvercommit(name) && amountOf(request) !== amountOf(limit))
      report.at("requests").invalid(request, `must be equal to ${name} limit of ${limit}`);
    else if (amountOf(request) > amountOf(limit))
      report.at("requests").invalid(request, `must be less than or equal to ${name} limit of ${limit}`);
  }
  const all = [...Object.keys(limits), ...Object.keys(requests)];
  if (all.some((name) => name.startsWith(HUGEPAGES)) && !all.some((name) => name === "cpu" || name === "memory"))
    report.forbidden("HugePages require cpu or memory");
  checkClaims(resources, claims, report.at("claims"));
}

function checkClaims({ claims = [] }: ResourceRequirements, known: readonly string[], report: Report): void {
  const seen = new Set<string>();
  claims.forEach(({ name }, index) => {
    const at = report.item(index);
    if (!at.at("name").needs(name)) return;
    if (seen.has(name)) at.duplicate(name);
    seen.add(name);
    if (known.includes(name)) return;
    const why =
      known.length > 0
        ? "must be one of the names in pod.spec.resourceClaims"
        : "must be one of the names in pod.spec.resourceClaims which is empty";
    at.notFound(name, why);
  });
}

function checkAmounts(amounts: Amounts, report: Report): void {
  for (const [name, amount] of Object.entries(amounts)) {
    const at = report.key(name);
    checkContainerResource(name, at);
    checkAmount(name, amount, at);
  }
}

/** What a container may ask for. */
export function checkContainerResource(name: string, report: Report): void {
  checkResourceName(name, report);
  if (STANDARD.has(name) || name.startsWith(HUGEPAGES)) return;
  if (!name.includes("/")) report.invalid(name, "must be a standard resource for containers");
  else if (!name.includes("kubernetes.io/") && !isExtended(name))
    report.invalid(name, "doesn't follow extended resource name standard");
}

const COUNTED = [
  ...["pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps"],
  ...["persistentvolumeclaims", "services.nodeports", "services.loadbalancers"],
];
const MEASURED = [
  ...["storage", "requests.storage", "requests.cpu", "requests.memory", "requests.ephemeral-storage"],
  ...["limits.cpu", "limits.memory", "limits.ephemeral-storage"],
];

/** The name of anything that can be counted or measured. */
export function checkResourceName(name: string, report: Report): void {
  const problems = labelKey(name);
  report.invalidFor(name, problems);
  if (problems.length > 0 || name.includes("/") || STANDARD.has(name) || /^(requests\.)?hugepages-/.test(name)) return;
  if (!COUNTED.includes(name) && !MEASURED.includes(name))
    report.invalid(name, "must be a standard resource type or fully qualified");
}

/** An amount of a resource: not negative, and whole where a part of it makes no sense. */
function checkAmount(name: string, amount: string, report: Report): void {
  const nanos = amountOf(amount);
  if (nanos < 0n) report.invalid(amount, "must be greater than or equal to 0");
  if (isExtended(name) && nanos % NANO !== 0n) report.invalid(amount, "must be an integer");
  if (!name.startsWith(HUGEPAGES)) return;
  const size = amountOf(name.slice(HUGEPAGES.length));
  if (size > 0n && nanos % size !== 0n) report.invalid(amount, `${amount} is not positive integer multiple of ${name}`);
}

const POD_LEVEL = ["cpu", "memory"];

/** Requests and limits of a whole pod, and whether they are enough for its containers. */
export function checkPodResources(
  { limits = {}, requests = {}, claims }: ResourceRequirements,
  containers: readonly (ResourceRequirements | undefined)[],
  report: Report,
): void {
  if (claims?.length) report.at("claims").forbidden("claims cannot be set for Resources at pod-level");
  for (const [field, amounts] of [
    ["limits", limits],
    ["requests", requests],
  ] as const)
    for (const [name, amount] of Object.entries(amounts)) {
      if (!POD_LEVEL.includes(name) && !name.startsWith(HUGEPAGES))
        report
          .at(field)
          .key(name)
          .notSupported(name, [...POD_LEVEL, HUGEPAGES]);
      else checkAmount(name, amount, report.at(field).key(name));
    }
  containers.forEach((container, index) => {
    for (const [name, limit] of Object.entries(limits)) {
      const own = container?.limits?.[name];
      if (own === undefined || amountOf(own) <= amountOf(limit)) continue;
      const at = report.at("containers").item(index).key(name).at("limits");
      at.invalid(own, `must be less than or equal to pod limits of ${limit}`);
    }
  });
  for (const [name, request] of Object.entries(requests)) {
    const limit = limits[name];
    if (limit !== undefined && amountOf(request) > amountOf(limit))
      report.at("requests").invalid(request, `must be less than or equal to ${name} limit of ${limit}`);
    const total = containers.reduce((sum, resources) => sum + amountOf(resources?.requests?.[name] ?? "0"), 0n);
    if (total > amountOf(request))
      report
        .at("requests")
        .key(name)
        .invalid(request, `must be greater than or equal to aggregate container requests of ${shown(total)}`);
  }
}

function shown(nanos: bigint): string {
  return nanos % NANO === 0n ? String(nanos / NANO) : `${nanos / 1_000_000n}m`;
}
