/** What writers of containers should know: what is said twice, and what cannot be had. */
import type { Container, ContainerPort, PodSpec } from "#api/builtin/types.gen.ts";
import { warnOfFraction } from "../rules/amounts.ts";

type Placed = { readonly container: Container; readonly path: string };

/** Warnings about the containers of a spec at a path. */
export function warnOfContainers({ initContainers = [], containers = [] }: PodSpec, path: string): string[] {
  const all: Placed[] = [
    ...initContainers.map((container, index) => ({ container, path: `${path}.initContainers[${index}]` })),
    ...containers.map((container, index) => ({ container, path: `${path}.containers[${index}]` })),
  ];
  return [...all.flatMap((placed) => [...warnOfResources(placed), ...warnOfVariables(placed)]), ...warnOfPorts(all)];
}

function warnOfResources({ container: { resources }, path }: Placed): string[] {
  if (!resources) return [];
  return ["memory", "ephemeral-storage"].flatMap((resource) => [
    ...warnOfFraction(resources.limits, resource, `${path}.resources.limits`),
    ...warnOfFraction(resources.requests, resource, `${path}.resources.requests`),
  ]);
}

/** Variables that are defined again. */
function warnOfVariables({ container: { env = [] }, path }: Placed): string[] {
  const seen = new Set<string>();
  return env.flatMap(({ name }, index) => {
    const isHidden = seen.has(name);
    seen.add(name);
    if (!isHidden) return [];
    return [`${path}.env[${index}]: hides previous definition of "${name}", which may be dropped when using apply`];
  });
}

type PlacedPort = { readonly port: ContainerPort; readonly path: string };

function warnOfPorts(all: readonly Placed[]): string[] {
  const ports = all.flatMap(({ container, path }) =>
    (container.ports ?? []).map((port, index): PlacedPort => ({ port, path: `${path}.ports[${index}]` })),
  );
  if (ports.length < 2) return [];
  return [...warnOfSameNumber(ports), ...warnOfSameName(ports)];
}

function warnOfSameNumber(ports: readonly PlacedPort[]): string[] {
  return ports.flatMap(({ port, path }, index) =>
    ports
      .slice(0, index)
      .filter((earlier) => isSamePort(port, earlier.port))
      .map((earlier) => `${path}: duplicate port definition with ${earlier.path}`),
  );
}

function isSamePort(one: ContainerPort, other: ContainerPort): boolean {
  return (
    one.containerPort === other.containerPort &&
    one.protocol === other.protocol &&
    (one.hostPort ?? 0) === (other.hostPort ?? 0) &&
    (one.hostIP ?? "") === (other.hostIP ?? "")
  );
}

function warnOfSameName(ports: readonly PlacedPort[]): string[] {
  const first = new Map<string, string>();
  return ports.flatMap(({ port: { name }, path }) => {
    if (!name) return [];
    const earlier = first.get(name);
    if (earlier === undefined) {
      first.set(name, path);
      return [];
    }
    return [
      `${path}: duplicate port name "${name}" with ${earlier}, services and probes that select ports by name will use ${earlier}`,
    ];
  });
}
