/** Which objects a name in a quota is about. Pure. */
import type { ResourceId } from "#kit/status.ts";

const POD = /^(pods|cpu|memory|(requests|limits)\.(cpu|memory)|((requests|limits)\.)?ephemeral-storage)$/;
/** Huge pages, and what is requested of what somebody else has defined. */
const DEVICE = /^((requests\.)?hugepages-.+|requests\.[^/]+\/.+)$/;
const SERVICE = /^services(\.nodeports|\.loadbalancers)?$/;
const CLAIM = /^(persistentvolumeclaims|requests\.storage)$/;
const OF_CLASS = /\.storageclass\.storage\.k8s\.io\/(persistentvolumeclaims|requests\.storage)$/;
const COUNTED = new Set(["configmaps", "secrets", "replicationcontrollers", "resourcequotas"]);
const COUNT = "count/";

/** The resource whose objects use up what the name stands for; undefined when nothing does. */
export function counterOf(name: string): ResourceId | undefined {
  if (name.startsWith(COUNT)) {
    const [resource = "", ...group] = name.slice(COUNT.length).split(".");
    return { group: group.join("."), resource };
  }
  if (CLAIM.test(name) || OF_CLASS.test(name)) return { group: "", resource: "persistentvolumeclaims" };
  if (POD.test(name) || DEVICE.test(name)) return { group: "", resource: "pods" };
  if (SERVICE.test(name)) return { group: "", resource: "services" };
  return COUNTED.has(name) ? { group: "", resource: name } : undefined;
}

/** The name under which all objects of a resource are counted. */
export function countName({ group, resource }: ResourceId): string {
  return `${COUNT}${resource}${group && `.${group}`}`;
}

/** Whether objects of the resource use up what the name stands for. */
export function isCountedBy(name: string, { group, resource }: ResourceId): boolean {
  const counter = counterOf(name);
  return counter?.group === group && counter.resource === resource;
}
