/** Whether quotas let a write through, and what they say afterwards. Pure. */
import type { Container, Pod, ResourceQuota } from "#api/builtin/types.gen.ts";
import { formatQuantity } from "#kit/quantity.ts";
import {
  addResources,
  filterResources,
  parseResources,
  type ResourceList,
  renderResources,
  subtractResources,
} from "#kit/resource-list.ts";
import type { ResourceId } from "#kit/status.ts";
import { isCountedBy } from "./counters.ts";
import { containerNames } from "./pod-usage.ts";
import { isInScope } from "./scopes.ts";
import { usageOf } from "./usage.ts";

/** A write of `object`, in place of `current` when that is there. `now` is in milliseconds. */
export type Write = { id: ResourceId; object: unknown; current: unknown; now: number };

export type Verdict =
  | { refusal: string }
  /** What is used of the quotas that the write changes. */
  | { charges: readonly { quota: ResourceQuota; used: Record<string, string> }[] };

/** Judges by what the quotas' statuses say: what has been written there is in force. Less than before is never refused. */
export function judge(quotas: readonly ResourceQuota[], write: Write): Verdict {
  const concerned = quotas.flatMap((quota) => {
    const names = Object.keys(quota.status?.hard ?? {}).filter((name) => isCountedBy(name, write.id));
    return names.length > 0 && isInScope(quota, write.id, write.object) ? [{ quota, names }] : [];
  });
  for (const { quota, names } of concerned) {
    const refusal = unmet(quota, names, write);
    if (refusal) return { refusal };
  }
  const delta = deltaOf(write);
  const charges: { quota: ResourceQuota; used: Record<string, string> }[] = [];
  for (const { quota } of concerned) {
    const hard = parseResources(quota.status?.hard);
    const requested = filterResources(delta, (name, { nanos }) => hard.has(name) && nanos > 0n);
    if (requested.size === 0) continue;
    const before = parseResources(quota.status?.used);
    const used = addResources(before, requested);
    const isExceeded = (name: string): boolean => (used.get(name)?.nanos ?? 0n) > (hard.get(name)?.nanos ?? 0n);
    const exceeded = filterResources(requested, isExceeded);
    if (exceeded.size > 0) {
      const of = (list: ResourceList): string => shown(filterResources(list, (name) => exceeded.has(name)));
      const amounts = `requested: ${shown(exceeded)}, used: ${of(before)}, limited: ${of(hard)}`;
      return { refusal: `exceeded quota: ${quota.metadata.name}, ${amounts}` };
    }
    charges.push({ quota, used: renderResources(used) });
  }
  return { charges };
}

function deltaOf({ id, object, current, now }: Write): ResourceList {
  const usage = usageOf(id, object, now);
  return current === undefined ? usage : subtractResources(usage, usageOf(id, current, now));
}

function unmet({ metadata, status }: ResourceQuota, names: readonly string[], { id, object }: Write): string {
  const missing = id.group === "" && id.resource === "pods" ? unspecified(object as Pod, names) : "";
  if (missing) return `failed quota: ${metadata.name}: must specify ${missing}`;
  if (names.every((name) => status?.used?.[name] !== undefined)) return "";
  return `status unknown for quota: ${metadata.name}, resources: ${[...names].sort().join(",")}`;
}

/** What has to be said for every container once there is a quota for it. */
const DEMANDED = /^((requests\.|limits\.)?(cpu|memory))$/;

function unspecified({ spec }: Pod, names: readonly string[]): string {
  const whole = { ...spec.resources?.requests, ...spec.resources?.limits };
  if (Object.keys(whole).length > 0) return "";
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  const lacks = (container: Container, name: string): boolean => !containerNames(container).has(name);
  return names
    .filter((name) => DEMANDED.test(name))
    .sort()
    .flatMap((name) => {
      const without = containers.filter((container) => lacks(container, name)).map((container) => container.name);
      return without.length > 0 ? [`${name} for: ${without.sort().join(",")}`] : [];
    })
    .join("; ");
}

function shown(list: ResourceList): string {
  const parts = [...list].map(([name, quantity]) => `${name}=${formatQuantity(quantity)}`);
  return parts.sort().join(",");
}
