/** Where a pod may run: affinities, tolerations, spreading. */
import type {
  Affinity,
  NodeSelectorTerm,
  PodAffinity,
  PodAffinityTerm,
  PodSpec,
  Toleration,
  TopologySpreadConstraint,
} from "#api/builtin/types.gen.ts";
import { dnsLabel, labelKey, labelValue } from "../rules/names.ts";
import type { Report } from "../rules/report.ts";
import { checkSelector } from "../rules/selectors.ts";

const REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution";

/** All that a pod says about its place. */
export function checkScheduling(spec: PodSpec, report: Report): void {
  if (spec.affinity) checkAffinity(spec.affinity, report.at("affinity"));
  checkTolerations(spec.tolerations ?? [], report.at("tolerations"));
  checkSpreading(spec.topologySpreadConstraints ?? [], report.at("topologySpreadConstraints"));
}

function checkAffinity({ nodeAffinity, podAffinity, podAntiAffinity }: Affinity, report: Report): void {
  if (nodeAffinity) {
    const at = report.at("nodeAffinity");
    const required = nodeAffinity[REQUIRED];
    if (required) checkNodeTerms(required.nodeSelectorTerms ?? [], at.at(REQUIRED));
    nodeAffinity[PREFERRED]?.forEach(({ weight, preference }, index) => {
      checkWeight(weight, at.at(PREFERRED).item(index));
      checkNodeTerm(preference, at.at(PREFERRED).item(index).at("preference"));
    });
  }
  if (podAffinity) checkPodAffinity(podAffinity, report.at("podAffinity"));
  if (podAntiAffinity) checkPodAffinity(podAntiAffinity as PodAffinity, report.at("podAntiAffinity"));
}

/** The terms of a node selector, of which there must be one. */
export function checkNodeTerms(terms: readonly NodeSelectorTerm[], report: Report): void {
  if (terms.length === 0) report.at("nodeSelectorTerms").required("must have at least one node selector term");
  terms.forEach((term, index) => {
    checkNodeTerm(term, report.at("nodeSelectorTerms").item(index));
  });
}

function checkWeight(weight: number, report: Report): void {
  if (!(weight >= 1 && weight <= 100)) report.at("weight").invalid(weight ?? 0, "must be in the range 1-100");
}

function checkNodeTerm(term: NodeSelectorTerm | undefined, report: Report): void {
  term?.matchExpressions?.forEach(({ key = "", operator, values = [] }, index) => {
    const at = report.at("matchExpressions").item(index);
    switch (operator) {
      case "In":
      case "NotIn":
        if (values.length === 0) at.at("values").required("must be specified when `operator` is 'In' or 'NotIn'");
        break;
      case "Exists":
      case "DoesNotExist":
        if (values.length > 0)
          at.at("values").forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
        break;
      case "Gt":
      case "Lt":
        if (values.length !== 1)
          at.at("values").required("must be specified single value when `operator` is 'Lt' or 'Gt'");
        break;
      default:
        at.at("operator").invalid(operator ?? "", "not a valid selector operator");
    }
    at.at("key").invalidFor(key, labelKey(key));
    values.forEach((value, position) => {
      if (operator === "In" || operator === "NotIn")
        at.at("values").item(position).invalidFor(value, labelValue(value));
    });
  });
  term?.matchFields?.forEach(({ key = "", operator, values = [] }, index) => {
    const at = report.at("matchFields").item(index);
    if (operator !== "In" && operator !== "NotIn")
      at.at("operator").invalid(operator ?? "", "not a valid selector operator");
    else if (values.length !== 1)
      at.at("values").required("must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
    if (key !== "metadata.name") at.at("key").invalid(key, "not a valid field selector key");
  });
}

function checkPodAffinity(affinity: PodAffinity, report: Report): void {
  affinity[REQUIRED]?.forEach((term, index) => {
    checkPodTerm(term, report.at(REQUIRED).item(index));
  });
  affinity[PREFERRED]?.forEach(({ weight, podAffinityTerm }, index) => {
    const at = report.at(PREFERRED).item(index);
    checkWeight(weight, at);
    checkPodTerm(podAffinityTerm ?? { topologyKey: "" }, at.at("podAffinityTerm"));
  });
}

function checkPodTerm(term: PodAffinityTerm, report: Report): void {
  const { labelSelector, namespaceSelector, namespaces = [], topologyKey = "" } = term;
  checkSelector(labelSelector, report.at("labelSelector"));
  checkSelector(namespaceSelector, report.at("namespaceSelector"));
  for (const namespace of namespaces) report.at("namespace").invalidFor(namespace, dnsLabel(namespace));
  if (!topologyKey) report.at("topologyKey").required("can not be empty");
  report.at("topologyKey").invalidFor(topologyKey, labelKey(topologyKey));
}

const EFFECTS = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

function checkTolerations(tolerations: readonly Toleration[], report: Report): void {
  tolerations.forEach(({ key = "", operator, value = "", effect, tolerationSeconds }, index) => {
    const at = report.item(index);
    if (key) at.at("key").invalidFor(key, labelKey(key));
    if (!key && operator !== "Exists")
      at.at("operator").invalid(
        operator ?? "",
        'operator must be Exists when `key` is empty, which means "match all values and all keys"',
      );
    if (tolerationSeconds !== undefined && effect !== "NoExecute")
      at.at("effect").invalid(effect ?? "", "effect must be 'NoExecute' when `tolerationSeconds` is set");
    if (operator === "Exists") {
      if (value) at.at("operator").invalid(value, "value must be empty when `operator` is 'Exists'");
    } else if (operator === undefined || operator === "Equal") at.at("operator").invalidFor(value, labelValue(value));
    else at.at("operator").notSupported(operator, ["Equal", "Exists"]);
    if (effect) at.at("effect").oneOf(effect, EFFECTS);
  });
}

const WHEN = ["DoNotSchedule", "ScheduleAnyway"];
const INCLUSION = ["Honor", "Ignore"];

function checkSpreading(constraints: readonly TopologySpreadConstraint[], report: Report): void {
  constraints.forEach((constraint, index) => {
    const { maxSkew = 0, topologyKey = "", whenUnsatisfiable = "", minDomains, labelSelector } = constraint;
    const at = report.item(index);
    if (maxSkew <= 0) at.at("maxSkew").invalid(maxSkew, "must be greater than zero");
    at.at("topologyKey").needs(topologyKey, "can not be empty");
    at.at("whenUnsatisfiable").oneOf(whenUnsatisfiable, WHEN);
    const isRepeated = constraints
      .slice(index + 1)
      .some((later) => later.topologyKey === topologyKey && later.whenUnsatisfiable === whenUnsatisfiable);
    if (isRepeated) at.at("{topologyKey, whenUnsatisfiable}").duplicate(`{${topologyKey}, ${whenUnsatisfiable}}`);
    if (minDomains !== undefined) {
      if (minDomains <= 0) at.at("minDomains").invalid(minDomains, "must be greater than zero");
      if (whenUnsatisfiable !== "DoNotSchedule")
        at.at("minDomains").invalid(
          minDomains,
          `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`,
        );
    }
    if (constraint.nodeAffinityPolicy !== undefined)
      at.at("nodeAffinityPolicy").oneOf(constraint.nodeAffinityPolicy, INCLUSION);
    if (constraint.nodeTaintsPolicy !== undefined)
      at.at("nodeTaintsPolicy").oneOf(constraint.nodeTaintsPolicy, INCLUSION);
    if (constraint.matchLabelKeys?.length && !labelSelector)
      at.at("matchLabelKeys").forbidden("must not be specified when labelSelector is not set");
    checkSelector(labelSelector, at.at("labelSelector"));
  });
}
