/** What a pod asks of a node: amounts by resource name, ports of the host. Pure. */
import type { Container, Pod } from "#api/builtin/types.gen.ts";
import { parseAmount } from "#kit/amount.ts";

/** Cores, bytes or counts, by resource name. */
export type Amounts = ReadonlyMap<string, number>;

/**
 * The most that a pod needs at any time of its life: its main containers and sidecars together, or a plain init
 * container with the sidecars that were started before it; plus the pod's overhead.
 */
export function podRequests({ spec }: Pod): Amounts {
  let sidecars: Amounts = new Map();
  let starting: Amounts = new Map();
  for (const container of spec.initContainers ?? []) {
    const own = requestsOf(container);
    if (container.restartPolicy === "Always") sidecars = sum(sidecars, own);
    else starting = larger(starting, sum(sidecars, own));
  }
  const running = spec.containers.map(requestsOf).reduce(sum, sidecars);
  const whole = [...requestsOf(spec)].filter(([name]) => POD_LEVEL.test(name));
  return sum(new Map([...larger(running, starting), ...whole]), amountsOf(spec.overhead));
}

/** What may be said for the pod as a whole, and counts then in the place of what its containers say. */
const POD_LEVEL = /^(cpu|memory|hugepages-.+)$/;

function requestsOf({ resources }: Pick<Container, "resources">): Amounts {
  return amountsOf({ ...resources?.limits, ...resources?.requests });
}

/** The amounts of a list of quantities; what is no quantity counts as nothing. */
export function amountsOf(quantities: Readonly<Record<string, string>> = {}): Amounts {
  return new Map(Object.entries(quantities).map(([name, text]) => [name, parseAmount(text) ?? 0]));
}

function sum(left: Amounts, right: Amounts): Amounts {
  return merged(left, right, (one, other) => one + other);
}

function larger(left: Amounts, right: Amounts): Amounts {
  return merged(left, right, Math.max);
}

function merged(left: Amounts, right: Amounts, join: (one: number, other: number) => number): Amounts {
  const all = new Map(left);
  for (const [name, amount] of right) all.set(name, join(all.get(name) ?? 0, amount));
  return all;
}

/** What a pod that requests nothing is taken to need: otherwise all such pods would gather on one node. */
const ASSUMED: Amounts = new Map([
  ["cpu", 0.1],
  ["memory", 200 * 1024 ** 2],
]);

/** Cores and memory that a pod with these requests is taken to need. */
export function estimate(requests: Amounts): Amounts {
  return new Map([...ASSUMED].map(([name, assumed]) => [name, requests.get(name) || assumed]));
}

/** A port of the host that a pod takes. */
export type HostPort = { protocol: string; port: number; address: string };

/** Ports of the host; every container port of a pod in the host's network is one. */
export function hostPorts({ spec }: Pod): HostPort[] {
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always");
  return [...sidecars, ...spec.containers].flatMap(({ ports = [] }) =>
    ports.flatMap(({ hostPort, containerPort, protocol = "TCP", hostIP }) => {
      const port = hostPort || (spec.hostNetwork ? containerPort : 0);
      return port ? [{ protocol, port, address: hostIP || "0.0.0.0" }] : [];
    }),
  );
}

/** Whether both cannot be had at once. */
export function portsClash(left: HostPort, right: HostPort): boolean {
  if (left.port !== right.port || left.protocol !== right.protocol) return false;
  return left.address === right.address || left.address === "0.0.0.0" || right.address === "0.0.0.0";
}
