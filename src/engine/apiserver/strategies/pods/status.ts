/** What the status of a pod may say, and what it may not take back. */
import { isIPv6 } from "node:net";
import type { ContainerStatus, Pod, PodStatus } from "#api/builtin/types.gen.ts";
import { ipAddress, isMapped, warnOfNotation } from "../rules/addresses.ts";
import { dnsSubdomain } from "../rules/names.ts";
import type { Report } from "../rules/report.ts";

/** A new status of a pod at `report`, in the place of one that the pod had before. */
export function checkPodStatus(next: Pod, before: Pod, report: Report): void {
  const { status = {}, spec } = next;
  checkNomination(next, before, report.at("nominatedNodeName"));
  checkEnded(next, before, report);
  checkAddresses(status.podIPs, report.at("podIPs"));
  checkAddresses(status.hostIPs, report.at("hostIPs"));
  const [host] = status.hostIPs ?? [];
  if (host && host.ip !== status.hostIP && ipAddress(host.ip).length === 0)
    report.at("hostIPs").item(0).at("ip").invalid(host.ip, "must be equal to `hostIP`");
  status.conditions?.forEach(({ observedGeneration = 0 }, index) => {
    if (observedGeneration < 0)
      report
        .at("conditions")
        .item(index)
        .at("observedGeneration")
        .invalid(observedGeneration, "must be a non-negative integer");
  });
  if (spec && before.status?.qosClass && status.qosClass !== before.status.qosClass)
    report.at("qosClass").invalid(status.qosClass ?? "", "field is immutable");
}

/** Warnings about the addresses of a pod that could be written shorter. */
export function warnOfPodAddresses({ status }: Pod): string[] {
  return (["podIPs", "hostIPs"] as const).flatMap((field) =>
    (status?.[field] ?? []).flatMap(({ ip = "" }, index) => warnOfNotation(ip, `status.${field}[${index}].ip`)),
  );
}

function checkNomination(next: Pod, before: Pod, report: Report): void {
  const name = next.status?.nominatedNodeName;
  if (!name) return;
  report.invalidFor(name, dnsSubdomain(name));
  if (next.spec?.nodeName && name !== before.status?.nominatedNodeName)
    report.forbidden("may not be set on pods that are already bound to a node");
}

/** Containers that have ended for good stay so. */
function checkEnded(next: Pod, before: Pod, report: Report): void {
  const { restartPolicy, initContainers = [] } = next.spec ?? {};
  if (restartPolicy === "Always") return;
  const sidecars = new Set(initContainers.filter((one) => one.restartPolicy === "Always").map(({ name }) => name));
  const check = (field: "containerStatuses" | "initContainerStatuses"): void => {
    next.status?.[field]?.forEach((status, index) => {
      const earlier = before.status?.[field]?.find(({ name }) => name === status.name);
      if (sidecars.has(status.name) || !hasEnded(earlier, restartPolicy) || status.state?.terminated) return;
      report.at(field).item(index).at("state").forbidden("may not be transitioned to non-terminated state");
    });
  };
  check("containerStatuses");
  check("initContainerStatuses");
}

function hasEnded(status: ContainerStatus | undefined, restartPolicy: string | undefined): boolean {
  const ended = status?.state?.terminated;
  if (!ended) return false;
  return restartPolicy !== "OnFailure" || (ended.exitCode ?? 0) === 0;
}

type Addresses = PodStatus["podIPs"];

function checkAddresses(addresses: Addresses = [], report: Report): void {
  addresses.forEach(({ ip = "" }, index) => {
    report.item(index).invalidFor(ip, ipAddress(ip));
  });
  const families = addresses.map(({ ip = "" }) => isIPv6(ip) && !isMapped(ip));
  const isDual = families.length === 2 && families[0] !== families[1];
  if (families.length > 1 && !isDual)
    report.invalid(
      addresses.map(({ ip }) => ({ IP: ip })),
      "may specify no more than one IP for each IP family",
    );
}
