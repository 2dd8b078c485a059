/** From Endpoints that somebody wrote to the slices that mirror them. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";
import { canonicalJson } from "#kit/json.ts";
import { isSelecting, type Port } from "./pods.ts";
import { LAST_CHANGE, type SliceGroup, type SliceOwner, sliceLabels } from "./slices.ts";

const SKIP = "endpointslice.kubernetes.io/skip-mirror";
const LEADER = "control-plane.alpha.kubernetes.io/leader";
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
const MANAGER = "endpointslicemirroring-controller.k8s.io";
/** Most addresses of a subset that are mirrored. */
const LIMIT = 1000;

/** Endpoints stand for a Service that has no selector, and may be excepted. */
export function isMirrored({ metadata }: k8s.Endpoints, service: k8s.Service | undefined): boolean {
  if (!service || service.spec?.type === "ExternalName" || isSelecting(service)) return false;
  return metadata.labels?.[SKIP] !== "true" && metadata.annotations?.[LEADER] === undefined;
}

/** By which the slices that mirror Endpoints of that name are known. */
export function mirrorsOf(name: string): Record<string, string> {
  return sliceLabels(name, MANAGER);
}

/** The owner of the slices. */
export function mirrorOwner({ metadata }: k8s.Endpoints): SliceOwner {
  const { name, namespace, uid = "", labels, annotations = {} } = metadata;
  const { [LAST_CHANGE]: _change, [LAST_APPLIED]: _applied, ...copied } = annotations;
  return { name, namespace, uid, labels: { ...labels, ...mirrorsOf(name) }, annotations: copied };
}

/** The addresses by ports and family. */
export function mirrorGroups({ subsets = [] }: k8s.Endpoints): SliceGroup[] {
  return subsets.flatMap(({ addresses = [], notReadyAddresses = [], ports = [] }) => {
    const endpoints = [
      ...addresses.map((address) => endpointOf(address, true)),
      ...notReadyAddresses.map((address) => endpointOf(address, false)),
    ].slice(0, LIMIT);
    return (["IPv4", "IPv6"] as const).flatMap((addressType) => {
      const some = endpoints.filter(({ addresses: [ip = ""] }) => ip.includes(":") === (addressType === "IPv6"));
      const mirrored = ports.map(portOf);
      return some.length > 0 ? [{ key: canonicalJson(mirrored), ports: mirrored, endpoints: some, addressType }] : [];
    });
  });
}

function endpointOf({ ip, hostname, nodeName, targetRef }: k8s.EndpointAddress, ready: boolean): k8s.Endpoint {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname && { hostname }),
    ...(nodeName && { nodeName }),
    ...(targetRef && { targetRef }),
  };
}

function portOf({ name = "", protocol = "TCP", port, appProtocol }: k8s.EndpointPort): Port {
  return { name, protocol, port, ...(appProtocol && { appProtocol }) };
}
