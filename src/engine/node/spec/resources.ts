/** Requests and limits of containers, as the sandbox and the downward API need them. */
import { availableParallelism, totalmem } from "node:os";
import type { Container, Pod, ResourceFieldSelector } from "#api/builtin/types.gen.ts";
import type { Resources } from "#ports/sandbox/runtime.ts";
import { parseQuantity } from "../plan/quantity.ts";

/** Processes per container: enough for any application, too few to exhaust the host. */
const PIDS = 4096;

/** The bounds that a container's limits ask for. */
export function sandboxResources(container: Container): Resources {
  const { limits = {} } = container.resources ?? {};
  const memory = parseQuantity(limits.memory);
  const cpu = parseQuantity(limits.cpu);
  return {
    pids: PIDS,
    ...(memory !== undefined && { memoryBytes: Math.floor(memory) }),
    ...(cpu !== undefined && { cpuMillis: Math.ceil(cpu * 1000) }),
  };
}

/** The value of a `resourceFieldRef`; a missing limit is what the node has. */
export function resourceValue(selector: ResourceFieldSelector, pod: Pod, own: Container): string {
  const container = pod.spec.containers.find(({ name }) => name === selector.containerName) ?? own;
  const [kind, name = ""] = selector.resource.split(".") as ["limits" | "requests", string];
  const node: { readonly [name: string]: number } = { cpu: availableParallelism(), memory: totalmem() };
  const given = parseQuantity(container.resources?.[kind]?.[name]);
  const value = given ?? (kind === "limits" ? (node[name] ?? 0) : 0);
  const divisor = parseQuantity(selector.divisor) || 1;
  return String(Math.ceil(value / divisor));
}
