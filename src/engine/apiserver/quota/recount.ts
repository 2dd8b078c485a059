/** What a quota's status has to say. */
import type { ResourceQuota } from "#api/builtin/types.gen.ts";
import {
  addResources,
  countOf,
  filterResources,
  parseResources,
  type ResourceList,
  renderResources,
} from "#kit/resource-list.ts";
import type { ResourceId } from "#kit/status.ts";
import type { Registry } from "../resources/registry.ts";
import type { ObjectStore } from "../storage/objects.ts";
import { counterOf, countName } from "./counters.ts";
import { isInScope } from "./scopes.ts";
import { usageOf } from "./usage.ts";

export type Surroundings = { objects: ObjectStore; registry: Registry; now: number };

/** The status of a quota after counting everything in its namespace that it is for. */
export function recount(quota: ResourceQuota, { registry, ...around }: Surroundings): ResourceQuota["status"] {
  const { hard } = quota.spec ?? {};
  if (!hard) return {};
  const counters = new Map<string, ResourceId>();
  const used = new Map<string, ReturnType<typeof countOf>>();
  for (const name of Object.keys(hard)) {
    const counter = counterOf(name);
    if (!counter || !isServed(name, counter, registry)) continue;
    counters.set(`${counter.group}/${counter.resource}`, counter);
    used.set(name, countOf(0));
  }
  const total = [...counters.values()].map((id) => usageIn(quota, id, around)).reduce(addResources, used);
  return {
    hard: renderResources(parseResources(hard)),
    used: renderResources(filterResources(total, (name) => used.has(name))),
  };
}

/** What is counted by any name may be of a kind that is not there, or not there any more. */
function isServed(name: string, { group, resource }: ResourceId, registry: Registry): boolean {
  return name !== countName({ group, resource }) || registry.findResource(group, resource) !== undefined;
}

function usageIn(quota: ResourceQuota, id: ResourceId, { objects, now }: Omit<Surroundings, "registry">): ResourceList {
  const entries = objects.newest(objects.collection(id.group, id.resource), quota.metadata.namespace);
  let sum: ResourceList = new Map();
  for (const { object } of entries) if (isInScope(quota, id, object)) sum = addResources(sum, usageOf(id, object, now));
  return sum;
}
