/** What one object uses of quotas, by the names that quotas have for it. Pure. */
import type { PersistentVolumeClaim, Pod, Service } from "#api/builtin/types.gen.ts";
import { countOf, largerResources, parseResources, type ResourceList } from "#kit/resource-list.ts";
import type { ResourceId } from "#kit/status.ts";
import { countName } from "./counters.ts";
import { podUsage } from "./pod-usage.ts";

/** Events are not counted: there is no telling how many there will be. */
function isIgnored({ resource }: ResourceId): boolean {
  return resource === "events";
}

/** `now` is in milliseconds. */
export function usageOf(id: ResourceId, object: unknown, now: number): ResourceList {
  if (isIgnored(id)) return new Map();
  return new Map([[countName(id), countOf(1)], ...(id.group === "" ? ownUsage(id.resource, object, now) : [])]);
}

function ownUsage(resource: string, object: unknown, now: number): ResourceList {
  switch (resource) {
    case "pods":
      return podUsage(object as Pod, now);
    case "services":
      return serviceUsage(object as Service);
    case "persistentvolumeclaims":
      return claimUsage(object as PersistentVolumeClaim);
    default:
      return new Map([[resource, countOf(1)]]);
  }
}

function serviceUsage({ spec }: Service): ResourceList {
  const ports = spec?.ports ?? [];
  const isBalanced = spec?.type === "LoadBalancer";
  const givesPorts = spec?.type === "NodePort" || (isBalanced && spec.allocateLoadBalancerNodePorts !== false);
  const nodePorts = givesPorts ? ports : isBalanced ? ports.filter(({ nodePort }) => nodePort) : [];
  return new Map([
    ["services", countOf(1)],
    ["services.nodeports", countOf(nodePorts.length)],
    ["services.loadbalancers", countOf(isBalanced ? 1 : 0)],
  ]);
}

const CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class";

function claimUsage({ metadata, spec, status }: PersistentVolumeClaim): ResourceList {
  const allocated = parseResources(status?.allocatedResources);
  const storage = largerResources(parseResources(spec?.resources?.requests), allocated).get("storage");
  const className = metadata.annotations?.[CLASS_ANNOTATION] ?? spec?.storageClassName;
  const prefixes = ["", ...(className ? [`${className}.storageclass.storage.k8s.io/`] : [])];
  return new Map(
    prefixes.flatMap((prefix) => [
      [`${prefix}persistentvolumeclaims`, countOf(1)] as const,
      ...(storage ? [[`${prefix}requests.storage`, storage] as const] : []),
    ]),
  );
}
