/** What is wrong with the spec of a service. */
import { isIP, isIPv6 } from "node:net";
import type { Service, ServicePort, ServiceSpec } from "#api/builtin/types.gen.ts";
import { cidr, ipAddress, unreachableOutside } from "../rules/addresses.ts";
import { dnsLabel, dnsSubdomain, labelKey, portNumberOrName } from "../rules/names.ts";
import type { Report } from "../rules/report.ts";
import { checkLabels } from "../rules/selectors.ts";

const TYPES = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
const PROTOCOLS = ["SCTP", "TCP", "UDP"];
const POLICIES = ["Cluster", "Local"];
const FAMILIES = ["IPv4", "IPv6"];
const FAMILY_POLICIES = ["PreferDualStack", "RequireDualStack", "SingleStack"];
const DISTRIBUTIONS = ["PreferClose", "PreferSameZone", "PreferSameNode"];
const LONGEST_AFFINITY = 86_400;
const SOURCE_RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges";
const HEADLESS = "None";

/** The spec of a service at `report`. */
export function checkService(spec: ServiceSpec, report: Report): void {
  const { type = "", clusterIP, ports = [] } = spec;
  if (ports.length === 0 && type !== "ExternalName" && clusterIP !== HEADLESS) report.at("ports").required();
  if (type === "ExternalName") checkExternalName(spec, report);
  if ((type === "NodePort" || type === "LoadBalancer") && clusterIP === HEADLESS)
    report.at("clusterIPs").item(0).invalid(HEADLESS, `may not be set to 'None' for ${type} services`);
  checkPorts(spec, report.at("ports"));
  checkLabels(spec.selector, report.at("selector"));
  checkAffinity(spec, report);
  report.at("type").oneOf(type, TYPES);
  checkExternal(spec, report);
  if (type !== "ExternalName") checkInternal(spec, report);
  if (spec.trafficDistribution !== undefined)
    report.at("trafficDistribution").oneOf(spec.trafficDistribution, DISTRIBUTIONS);
}

function checkExternalName(
  { externalName, clusterIPs = [], clusterIP, ipFamilies = [], ipFamilyPolicy }: ServiceSpec,
  report: Report,
): void {
  const mayNot = "may not be set for ExternalName services";
  if (clusterIPs.length > 0 || clusterIP) report.at("clusterIPs").forbidden(mayNot);
  if (ipFamilies.length > 0) report.at("ipFamilies").forbidden(mayNot);
  if (ipFamilyPolicy !== undefined) report.at("ipFamilyPolicy").forbidden(mayNot);
  const name = externalName?.replace(/\.$/, "") ?? "";
  if (name) report.at("externalName").invalidFor(externalName, dnsSubdomain(name));
  else report.at("externalName").required();
}

function checkPorts({ ports = [], type }: ServiceSpec, report: Report): void {
  const names = new Set<string>();
  ports.forEach((port, index) => {
    const at = report.item(index);
    if (port.name) {
      at.at("name").invalidFor(port.name, dnsLabel(port.name));
      if (names.has(port.name)) at.at("name").duplicate(port.name);
      names.add(port.name);
    } else if (ports.length > 1) at.at("name").required();
    at.at("port").between(port.port, 1, 65_535);
    at.at("protocol").oneOf(port.protocol, PROTOCOLS);
    const target = port.targetPort ?? 0;
    at.at("targetPort").invalidFor(target, portNumberOrName(target));
    if (port.appProtocol !== undefined) at.at("appProtocol").invalidFor(port.appProtocol, labelKey(port.appProtocol));
    if (type === "ClusterIP" && port.nodePort)
      at.at("nodePort").forbidden("may not be used when `type` is 'ClusterIP'");
    const isSame = (other: ServicePort): boolean => other.protocol === port.protocol && other.port === port.port;
    if (ports.slice(0, index).some(isSame)) at.duplicate(inGo(port));
  });
}

/** Number and protocol of a port as a real server shows them, which prints its own representation. */
function inGo({ port, protocol }: ServicePort): object {
  return { Name: "", Protocol: protocol, AppProtocol: null, Port: port, TargetPort: 0, NodePort: 0 };
}

function checkAffinity({ sessionAffinity, sessionAffinityConfig: config }: ServiceSpec, report: Report): void {
  report.at("sessionAffinity").oneOf(sessionAffinity, ["ClientIP", "None"]);
  if (sessionAffinity !== "ClientIP") return;
  const seconds = config?.clientIP?.timeoutSeconds ?? 0;
  if (seconds <= 0 || seconds > LONGEST_AFFINITY)
    report
      .at("sessionAffinityConfig", "clientIP", "timeoutSeconds")
      .invalid(seconds, `must be greater than 0 and less than ${LONGEST_AFFINITY}`);
}

/** What lets traffic in from outside. */
function checkExternal(spec: ServiceSpec, report: Report): void {
  const { type = "", externalTrafficPolicy: policy, healthCheckNodePort, externalIPs = [] } = spec;
  externalIPs.forEach((address, index) => {
    const problems = ipAddress(address);
    report.at("externalIPs").item(index).invalidFor(address, problems);
    if (problems.length === 0) report.at("externalIPs").item(index).invalidFor(address, unreachableOutside(address));
  });
  const isLoadBalancer = type === "LoadBalancer";
  const isReachable = isLoadBalancer || type === "NodePort" || externalIPs.length > 0;
  if (policy !== undefined) {
    if (!isReachable)
      report.at("externalTrafficPolicy").invalid(policy, "may only be set for externally-accessible services");
    else report.at("externalTrafficPolicy").oneOf(policy, POLICIES);
  }
  if (healthCheckNodePort && !(isLoadBalancer && policy === "Local"))
    report
      .at("healthCheckNodePort")
      .invalid(
        healthCheckNodePort,
        "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
      );
  if (spec.allocateLoadBalancerNodePorts !== undefined && !isLoadBalancer)
    report.at("allocateLoadBalancerNodePorts").forbidden("may only be used when `type` is 'LoadBalancer'");
  if (spec.loadBalancerClass !== undefined && !isLoadBalancer)
    report.at("loadBalancerClass").forbidden("may only be used when `type` is 'LoadBalancer'");
  else if (spec.loadBalancerClass !== undefined)
    report.at("loadBalancerClass").invalidFor(spec.loadBalancerClass, labelKey(spec.loadBalancerClass));
}

/** Who may use the load balancer of a service at `report`: said in its spec, or else in an annotation. */
export function checkSourceRanges({ metadata, spec }: Service, report: Report): void {
  const isAllowed = spec?.type === "LoadBalancer";
  const ranges = spec?.loadBalancerSourceRanges ?? [];
  const annotation = metadata.annotations?.[SOURCE_RANGES]?.trim();
  const isAnnotated = ranges.length === 0 && annotation;
  const at = isAnnotated
    ? report.at("metadata", "annotations").key(SOURCE_RANGES)
    : report.at("spec", "LoadBalancerSourceRanges");
  if (!isAllowed && (isAnnotated || ranges.length > 0)) at.forbidden("may only be used when `type` is 'LoadBalancer'");
  if (isAnnotated) for (const range of annotation.split(",")) at.invalidFor(annotation, cidr(range.trim()));
  ranges.forEach((range, index) => {
    at.item(index).invalidFor(range, cidr(range.trim()));
  });
}

/** The addresses inside of the cluster. */
function checkInternal(spec: ServiceSpec, report: Report): void {
  const { clusterIP, clusterIPs = [], ipFamilies = [], ipFamilyPolicy, internalTrafficPolicy } = spec;
  if (clusterIP && clusterIPs[0] !== clusterIP)
    report.at("clusterIPs").invalid(clusterIPs, "first value must match `clusterIP`");
  if (!clusterIP && clusterIPs.length > 0)
    report.at("clusterIPs").invalid(clusterIPs, "must be empty when `clusterIP` is not specified");
  clusterIPs.forEach((address, index) => {
    if (address !== HEADLESS) report.at("clusterIPs").item(index).invalidFor(address, ipAddress(address));
  });
  const at = report.at("ipFamilies");
  ipFamilies.forEach((family, index) => {
    if (!FAMILIES.includes(family)) at.item(index).notSupported(family, FAMILIES);
    else if (ipFamilies.indexOf(family) < index) at.item(index).duplicate(family);
    else if (isOther(family, clusterIPs[index]))
      report
        .at("clusterIPs")
        .item(index)
        .invalid(clusterIPs[index], `expected an ${family} value as indicated by \`ipFamilies[${index}]\``);
    else if (family === "IPv6" && (spec.selector || clusterIP !== HEADLESS))
      at.item(index).invalid(family, "not configured on this cluster");
  });
  if (ipFamilyPolicy !== undefined) report.at("ipFamilyPolicy").oneOf(ipFamilyPolicy, FAMILY_POLICIES);
  if (ipFamilyPolicy === "RequireDualStack" && !(clusterIP === HEADLESS && !spec.selector))
    report.at("ipFamilyPolicy").invalid(ipFamilyPolicy, "this cluster is not configured for dual-stack services");
  if (internalTrafficPolicy !== undefined) report.at("internalTrafficPolicy").oneOf(internalTrafficPolicy, POLICIES);
}

/** True for an address that is not of a family. */
function isOther(family: string, address: string | undefined): boolean {
  return address !== undefined && isIP(address) !== 0 && isIPv6(address) !== (family === "IPv6");
}

/** A load balancer stays with those who take care of its class. */
export function checkClassChange(next: ServiceSpec, before: ServiceSpec, report: Report): void {
  if (next.type !== "LoadBalancer" || before.type !== "LoadBalancer") return;
  if (next.loadBalancerClass !== before.loadBalancerClass)
    report.at("loadBalancerClass").invalid(next.loadBalancerClass ?? null, "may not change once set");
}

/** Once a service has an address, it keeps it for as long as it has one. */
export function checkAddressChange(next: ServiceSpec, before: ServiceSpec, report: Report): void {
  if (!before.clusterIP || next.type === "ExternalName" || before.type === "ExternalName") return;
  if (next.clusterIP === before.clusterIP) return;
  report
    .at("clusterIPs")
    .item(0)
    .invalid(next.clusterIPs ?? [next.clusterIP], "may not change once set");
}
