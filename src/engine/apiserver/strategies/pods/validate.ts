/** What is wrong with a pod spec, of a pod or of a template. */
import type { PodSpec, PodTemplateSpec } from "#api/builtin/types.gen.ts";
import { ipAddress } from "../rules/addresses.ts";
import { dnsLabel, dnsSubdomain, labelKey, underscoredSubdomain } from "../rules/names.ts";
import type { Report } from "../rules/report.ts";
import { checkLabels } from "../rules/selectors.ts";
import { checkContainers } from "./containers.ts";
import { checkPodResources } from "./resources.ts";
import { checkScheduling } from "./scheduling.ts";
import { checkPodSecurity } from "./security.ts";
import { checkVolumes } from "./volumes.ts";

const RESTART_POLICIES = ["Always", "OnFailure", "Never"];
const DNS_POLICIES = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
const LARGEST_DEADLINE = 2_147_483_647;

/** A pod spec at `report`. */
export function checkPodSpec(spec: PodSpec | undefined, report: Report): void {
  if (!spec) {
    report.at("containers").required();
    return;
  }
  const volumes = checkVolumes(spec, report.at("volumes"));
  checkContainers(spec, volumes, report);
  if (spec.restartPolicy) report.at("restartPolicy").oneOf(spec.restartPolicy, RESTART_POLICIES);
  checkLabels(spec.nodeSelector, report.at("nodeSelector"));
  checkPodSecurity(spec, report);
  checkScheduling(spec, report);
  if (spec.resources)
    checkPodResources(spec.resources, spec.containers?.map(({ resources }) => resources) ?? [], report.at("resources"));
  spec.readinessGates?.forEach(({ conditionType = "" }, index) => {
    report.at("readinessGates").item(index).at("conditionType").invalidFor(conditionType, labelKey(conditionType));
  });
  checkGates(spec, report);
  for (const field of ["serviceAccountName", "nodeName", "priorityClassName", "runtimeClassName"] as const) {
    const name = spec[field];
    if (name) report.at(field).invalidFor(name, dnsSubdomain(name));
  }
  const { activeDeadlineSeconds: deadline, preemptionPolicy, os } = spec;
  if (deadline !== undefined) report.at("activeDeadlineSeconds").between(deadline, 1, LARGEST_DEADLINE);
  if (preemptionPolicy !== undefined)
    report.at("preemptionPolicy").oneOf(preemptionPolicy, ["PreemptLowerPriority", "Never"]);
  if (os) {
    if (!os.name) report.at("os", "name").required();
    else report.at("os").oneOf(os.name, ["linux", "windows"]);
  }
  checkDns(spec, report);
  checkNames(spec, report);
}

function checkGates({ schedulingGates, nodeName }: PodSpec, report: Report): void {
  const seen = new Set<string>();
  schedulingGates?.forEach(({ name }, index) => {
    const at = report.at("schedulingGates").item(index);
    at.invalidFor(name, labelKey(name));
    if (seen.has(name)) at.duplicate(name);
    seen.add(name);
  });
  if (schedulingGates?.length && nodeName)
    report.at("nodeName").forbidden("cannot be set until all schedulingGates have been cleared");
}

function checkNames(spec: PodSpec, report: Report): void {
  if (spec.hostname) report.at("hostname").invalidFor(spec.hostname, dnsLabel(spec.hostname));
  if (spec.subdomain) report.at("subdomain").invalidFor(spec.subdomain, dnsLabel(spec.subdomain));
  spec.hostAliases?.forEach(({ ip = "", hostnames }, index) => {
    const at = report.at("hostAliases").item(index);
    at.at("ip").invalidFor(ip, ipAddress(ip));
    hostnames?.forEach((name, position) => {
      at.at("hostnames").item(position).invalidFor(name, dnsSubdomain(name));
    });
  });
}

const MAX_NAMESERVERS = 3;
const MAX_SEARCHES = 32;

function checkDns({ dnsPolicy, dnsConfig }: PodSpec, report: Report): void {
  if (dnsPolicy) report.at("dnsPolicy").oneOf(dnsPolicy, DNS_POLICIES);
  const at = report.at("dnsConfig");
  if (dnsPolicy === "None") {
    if (!dnsConfig) at.required("must provide `dnsConfig` when `dnsPolicy` is None");
    else if (!dnsConfig.nameservers?.length)
      at.at("nameservers").required("must provide at least one DNS nameserver when `dnsPolicy` is None");
  }
  const { nameservers = [], searches = [], options = [] } = dnsConfig ?? {};
  if (nameservers.length > MAX_NAMESERVERS)
    at.at("nameservers").invalid(nameservers, `must not have more than ${MAX_NAMESERVERS} nameservers`);
  nameservers.forEach((address, index) => {
    at.at("nameservers").item(index).invalidFor(address, ipAddress(address));
  });
  if (searches.length > MAX_SEARCHES)
    at.at("searches").invalid(searches, `must not have more than ${MAX_SEARCHES} search paths`);
  searches.forEach((search, index) => {
    const domain = search === "." ? search : search.replace(/\.$/, "");
    if (domain !== ".") at.at("searches").item(index).invalidFor(search, underscoredSubdomain(domain));
  });
  options.forEach(({ name }, index) => {
    if (!name) at.at("options").item(index).required("must not be empty");
  });
}

/** A pod template at `report`; its pods are to be kept running, unless the kind allows other restart policies. */
export function checkTemplate(template: PodTemplateSpec | undefined, report: Report): void {
  checkLabels(template?.metadata?.labels, report.at("labels"));
  for (const key of Object.keys(template?.metadata?.annotations ?? {}))
    report.at("annotations").invalidFor(key, labelKey(key.toLowerCase()));
  checkPodSpec(template?.spec, report.at("spec"));
  if (template?.spec?.ephemeralContainers?.length)
    report.at("spec", "ephemeralContainers").forbidden("ephemeral containers not allowed in pod template");
}
