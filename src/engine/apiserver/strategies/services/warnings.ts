/** What writers of services should know: fields that have no effect, and old names. */
import type { Service } from "#api/builtin/types.gen.ts";
import { warnOfNotation } from "../rules/addresses.ts";

const OLD_HINTS = "service.kubernetes.io/topology-aware-hints";
const HINTS = "service.kubernetes.io/topology-mode";

/** Warnings about a service. */
export function warnOfService({ metadata, spec }: Service): string[] {
  if (!spec) return [];
  const { type, clusterIP, externalIPs = [], sessionAffinity, externalName, loadBalancerIP = "" } = spec;
  const isHeadless = clusterIP === "None";
  return [
    ...(metadata.annotations?.[OLD_HINTS] === undefined
      ? []
      : [`annotation ${OLD_HINTS} is deprecated, please use ${HINTS} instead`]),
    ...(isHeadless ? ignoredWithoutAddress(externalIPs, sessionAffinity) : warnOfExternal(externalIPs)),
    ...(externalName && type !== "ExternalName"
      ? ['spec.externalName is ignored when spec.type is not "ExternalName"']
      : []),
    ...(spec.trafficDistribution === "PreferClose"
      ? ['spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"']
      : []),
    ...warnOfNotation(loadBalancerIP, "spec.loadBalancerIP"),
  ];
}

function ignoredWithoutAddress(externalIPs: readonly string[], affinity: string | undefined): string[] {
  return [
    ...(externalIPs.length > 0 ? ["spec.externalIPs is ignored for headless services"] : []),
    ...(affinity && affinity !== "None" ? ["spec.SessionAffinity is ignored for headless services"] : []),
  ];
}

function warnOfExternal(addresses: readonly string[]): string[] {
  if (addresses.length === 0) return [];
  return [
    "spec.externalIPs is deprecated and may no longer be implemented in some clusters",
    ...addresses.flatMap((address, index) => warnOfNotation(address, `spec.externalIPs[${index}]`)),
  ];
}
