/** What a pod uses of a quota. Pure. */
import type { Container, ContainerStatus, Pod } from "#api/builtin/types.gen.ts";
import {
  addResources,
  countOf,
  filterResources,
  largerResources,
  parseResources,
  type ResourceList,
  renderResources,
} from "#kit/resource-list.ts";
import { podTotal } from "../admission/limits/pod-resources.ts";

/** Compute resources and the pod itself; nothing once it has ended, or should have been gone by `now` (milliseconds). */
export function podUsage(pod: Pod, now: number): ResourceList {
  if (hasEnded(pod, now)) return new Map();
  const actual = withActual(pod);
  const overhead = parseResources(pod.spec.overhead);
  const limits = podTotal(actual, "limits");
  return new Map([
    ["pods", countOf(1)],
    ...namedRequests(addResources(podTotal(actual, "requests"), overhead)),
    ...namedLimits(
      addResources(
        limits,
        filterResources(overhead, (name) => limits.has(name)),
      ),
    ),
  ]);
}

/** The quota names that a container's requests and limits are found under. */
export function containerNames({ resources }: Container): ReadonlySet<string> {
  const requests = namedRequests(parseResources(resources?.requests));
  const limits = namedLimits(parseResources(resources?.limits));
  return new Set([...requests, ...limits].map(([name]) => name));
}

function hasEnded({ status, metadata }: Pod, now: number): boolean {
  if (status?.phase === "Succeeded" || status?.phase === "Failed") return true;
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return false;
  return now > Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000;
}

type Named = readonly (readonly [string, NonNullable<ReturnType<ResourceList["get"]>>])[];

const BASIC = new Set(["cpu", "memory", "ephemeral-storage"]);

function namedRequests(requests: ResourceList): Named {
  return [...requests].flatMap(([name, amount]) => {
    const requested = [`requests.${name}`, amount] as const;
    if (BASIC.has(name) || name.startsWith("hugepages-")) return [[name, amount] as const, requested];
    const isExtended = name.includes("/") && !name.includes("kubernetes.io/") && !name.startsWith("requests.");
    return isExtended ? [requested] : [];
  });
}

function namedLimits(limits: ResourceList): Named {
  return [...limits].flatMap(([name, amount]) => (BASIC.has(name) ? [[`limits.${name}`, amount] as const] : []));
}

/** The pod with what its containers still have where that is more than they ask for: they may be about to shrink. */
function withActual(pod: Pod): Pod {
  const { spec, status } = pod;
  const known = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
  if (!known.some(({ resources, allocatedResources }) => resources ?? allocatedResources)) return pod;
  const byName = new Map(known.map((one) => [one.name, one]));
  const actual = (container: Container): Container => withStatus(container, byName.get(container.name));
  const { containers, initContainers } = spec;
  return {
    ...pod,
    spec: {
      ...spec,
      containers: containers.map(actual),
      ...(initContainers && { initContainers: initContainers.map(actual) }),
    },
  };
}

function withStatus(container: Container, status: ContainerStatus | undefined): Container {
  if (!status) return container;
  const { resources } = container;
  const larger = (...records: (Record<string, string> | undefined)[]): Record<string, string> =>
    renderResources(records.map((record) => parseResources(record)).reduce(largerResources));
  const requests = larger(resources?.requests, status.resources?.requests, status.allocatedResources);
  return { ...container, resources: { requests, limits: larger(resources?.limits, status.resources?.limits) } };
}
