/** Requests and limits of containers, as the sandbox and the downward API need them. */
import { availableParallelism, totalmem } from "node:os";
import type { Container, Pod, ResourceFieldSelector } from "#api/builtin/types.gen.ts";
import { parseAmount } from "#kit/amount.ts";
import type { Resources } from "#ports/sandbox/runtime.ts";

/** Processes per container: enough for any application, too few to exhaust the host. */
const PIDS = 4096;

/** How cores are divided among containers that all want more: a core is 1024 parts. */
const SHARES_PER_CORE = 1024;
const LEAST_SHARES = 2;
const MOST_SHARES = 262_144;

/** The bounds that a container's limits ask for. */
export function sandboxResources(container: Container): Resources {
  const { limits = {}, requests = {} } = container.resources ?? {};
  const memory = parseAmount(limits.memory);
  const cpu = parseAmount(limits.cpu);
  const share = parseAmount(requests.cpu) ?? cpu ?? 0;
  return {
    pids: PIDS,
    ...(memory !== undefined && { memoryBytes: Math.floor(memory) }),
    ...(cpu !== undefined && { cpuMillis: Math.ceil(cpu * 1000) }),
    cpuShares: Math.min(MOST_SHARES, Math.max(LEAST_SHARES, Math.floor(share * SHARES_PER_CORE))),
  };
}

/** The value of a `resourceFieldRef`; a missing limit is what the node has. */
export function resourceValue(selector: ResourceFieldSelector, pod: Pod, own: Container): string {
  const container = pod.spec.containers.find(({ name }) => name === selector.containerName) ?? own;
  const [kind, name = ""] = selector.resource.split(".") as ["limits" | "requests", string];
  const node: { readonly [name: string]: number } = { cpu: availableParallelism(), memory: totalmem() };
  const given = parseAmount(container.resources?.[kind]?.[name]);
  const value = given ?? (kind === "limits" ? (node[name] ?? 0) : 0);
  const divisor = parseAmount(selector.divisor) || 1;
  return String(Math.ceil(value / divisor));
}
