/** Nodes: taints, pod ranges, what may change. */
import type { Node, NodeSpec } from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import { deepEqual, type Mutable } from "#kit/json.ts";
import { parseQuantity } from "#kit/quantity.ts";
import { cidr, warnOfNotation } from "./rules/addresses.ts";
import { labelKey, labelValue } from "./rules/names.ts";
import { type Report, violations } from "./rules/report.ts";
import type { Strategy } from "./strategy.ts";

const asNode = (object: Unstructured): Mutable<Node> => object as unknown as Mutable<Node>;

/** A field of nodes that means nothing any more is told when it is new. */
function warnOfSpec(spec: NodeSpec | undefined, before: NodeSpec | undefined): string[] {
  if (!spec?.externalID || before?.externalID) return [];
  return ["spec.externalID: this field is deprecated, and is unused by Kubernetes"];
}

const EFFECTS = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

export const nodeStrategy: Strategy = {
  warn: (draft, current) => [
    ...warnOfSpec(asNode(draft).spec, current && asNode(current).spec),
    ...(asNode(draft).spec?.podCIDRs ?? []).flatMap((range, index) => warnOfNotation(range, `spec.podCIDRs[${index}]`)),
  ],
  bringsStatus: true,
  revalidates: true,
  prepareStatus: (draft) => defaultStatus(asNode(draft)),
  validateStatus: (draft) =>
    violations((report) => {
      checkStatus(asNode(draft), report.at("status"));
    }),
  defaults: (draft) => {
    const node = asNode(draft);
    defaultStatus(node);
    const { spec } = node;
    if (!spec) return;
    if (spec.podCIDR && !spec.podCIDRs?.length) spec.podCIDRs = [spec.podCIDR];
    else if (spec.podCIDR && spec.podCIDRs?.[0] !== spec.podCIDR) spec.podCIDRs = [spec.podCIDR];
    else if (!spec.podCIDR && spec.podCIDRs?.[0]) spec.podCIDR = spec.podCIDRs[0];
  },
  validate: (draft, current) =>
    violations((report) => {
      const { spec = {} } = asNode(draft);
      checkStatus(asNode(draft), report.at("status"));
      if (current) checkTaints(spec.taints ?? [], report.at("metadata", "taints"));
      checkTaints(spec.taints ?? [], report.at("metadata", "taints"));
      spec.podCIDRs?.forEach((range, index) => {
        report.at("spec", "podCIDRs").item(index).invalidFor(range, cidr(range));
      });
      const families = spec.podCIDRs?.map((range) => range.includes(":")) ?? [];
      if (families.length > 2 || (families.length === 2 && families[0] === families[1]))
        report.at("spec", "podCIDRs").invalid(spec.podCIDRs, "may specify no more than one CIDR for each IP family");
      if (current) checkChange(spec, asNode(current).spec ?? {}, report.at("spec"));
    }),
};

function defaultStatus({ status }: Mutable<Node>): void {
  if (status?.capacity) status.allocatable ??= { ...status.capacity };
}

const WHOLE = 1_000_000_000n;

/** What a node has, and has to give: of what is not measured, whole pieces. */
function checkStatus({ status = {} }: Node, report: Report): void {
  for (const field of ["capacity", "allocatable"] as const)
    for (const [resource, amount] of Object.entries(status[field] ?? {})) {
      const at = report.at(field, resource);
      const { nanos = 0n } = parseQuantity(amount) ?? {};
      if (nanos < 0n) at.invalid(amount, "must be greater than or equal to 0");
      if (isCounted(resource) && nanos % WHOLE !== 0n) at.invalid(amount, "must be an integer");
    }
}

function isCounted(resource: string): boolean {
  return resource === "pods" || (resource.includes("/") && !resource.includes("kubernetes.io/"));
}

function checkTaints(taints: NonNullable<NodeSpec["taints"]>, report: Report): void {
  const seen = new Set<string>();
  taints.forEach(({ key = "", value = "", effect }, index) => {
    const at = report.item(index);
    at.at("key").invalidFor(key, labelKey(key));
    at.at("value").invalidFor(value, labelValue(value));
    if (at.at("effect").needs(effect)) at.at("effect").oneOf(effect, EFFECTS);
    const pair = `${key} ${effect}`;
    if (seen.has(pair))
      at.duplicate(
        { Key: key, Value: value, Effect: effect, TimeAdded: null },
        "taints must be unique by key and effect pair",
      );
    seen.add(pair);
  });
}

function checkChange(next: Mutable<NodeSpec>, before: Mutable<NodeSpec>, report: Report): void {
  if (before.podCIDRs?.length && !deepEqual(next.podCIDRs, before.podCIDRs))
    report.at("podCIDRs").forbidden('node updates may not change podCIDR except from "" to valid');
  if (before.providerID && next.providerID !== before.providerID)
    report.at("providerID").forbidden('node updates may not change providerID except from "" to valid');
}
