/** Shorthand for the steps of controllers' cases. */
import { isObject, type Json } from "#kit/json.ts";
import type { Step } from "./case.ts";

/** One of `make`, `show`, `change` and `remove` stands for method and path; names are `plural` or `plural/name`. */
export type Shorthand = Omit<Step, "do"> & {
  /** Posts `body`; only the answer's status counts. */
  make?: string;
  /** Reads an object, or a list: `pods?labelSelector=app=web`. */
  show?: string;
  /** A merge patch of `body`; only the answer's status counts. */
  change?: string;
  remove?: string;
};

const GROUPS: Record<string, readonly string[]> = {
  "apps/v1": ["deployments", "replicasets", "statefulsets", "controllerrevisions"],
  "batch/v1": ["jobs", "cronjobs"],
  "discovery.k8s.io/v1": ["endpointslices"],
  "rbac.authorization.k8s.io/v1": ["clusterroles"],
};
const CLUSTER_SCOPED = new Set(["clusterroles", "namespaces", "nodes"]);

/** What is worth comparing of the kinds that controllers write: not what the server fills in. */
const FIELDS: Record<string, readonly string[]> = {
  events: [
    ...["type", "reason", "message", "count", "source"],
    ...["involvedObject.kind", "involvedObject.name", "involvedObject.apiVersion", "involvedObject.fieldPath"],
  ],
  deployments: ["metadata.name", "metadata.annotations", "metadata.generation", "metadata.deletionTimestamp", "status"],
  replicasets: [
    ...["metadata.name", "metadata.labels", "metadata.annotations", "metadata.ownerReferences", "metadata.finalizers"],
    ...["spec.replicas", "spec.selector", "spec.template.metadata", "status"],
  ],
  replicationcontrollers: ["metadata.name", "metadata.labels", "metadata.generation", "spec.selector", "status"],
  statefulsets: ["metadata.name", "metadata.generation", "metadata.deletionTimestamp", "spec.replicas", "status"],
  controllerrevisions: ["metadata.name", "metadata.labels", "metadata.ownerReferences", "revision"],
  pods: [
    ...["metadata.name", "metadata.generateName", "metadata.labels", "metadata.annotations", "metadata.finalizers"],
    ...["metadata.ownerReferences", "metadata.deletionTimestamp", "spec.hostname", "spec.subdomain", "status.phase"],
  ],
  jobs: [
    ...["metadata.name", "metadata.labels", "metadata.annotations", "metadata.finalizers", "metadata.ownerReferences"],
    ...["metadata.deletionTimestamp", "spec.suspend", "status"],
  ],
  cronjobs: ["metadata.name", "metadata.deletionTimestamp", "status"],
  persistentvolumeclaims: [
    ...["metadata.name", "metadata.labels", "metadata.ownerReferences", "metadata.annotations", "spec.resources"],
  ],
  endpoints: ["metadata.name", "metadata.labels", "metadata.ownerReferences", "subsets"],
  endpointslices: [
    ...["metadata.name", "metadata.generateName", "metadata.labels", "metadata.ownerReferences"],
    ...["addressType", "endpoints", "ports"],
  ],
};

export function isShorthand(step: object): step is Shorthand {
  return ["make", "show", "change", "remove"].some((verb) => verb in step);
}

export function expandShorthand({ make, show, change, remove, ...rest }: Shorthand): Step {
  if (make !== undefined) return { do: `POST ${pathOf(make)}`, only: [], ...rest };
  if (change !== undefined) return { do: `PATCH ${pathOf(change)}`, type: "merge", only: [], ...rest };
  if (remove !== undefined) return { do: `DELETE ${pathOf(remove)}`, only: [], ...rest };
  const fields = FIELDS[pluralOf(show ?? "")];
  return { do: `GET ${pathOf(show ?? "")}`, settle: true, ...(fields && { only: [...fields] }), ...rest };
}

function pathOf(name: string): string {
  const plural = pluralOf(name);
  const group = Object.keys(GROUPS).find((version) => GROUPS[version]?.includes(plural));
  const root = group ? `/apis/${group}` : "/api/v1";
  return `${root}${CLUSTER_SCOPED.has(plural) ? "" : "/namespaces/$NS"}/${name}`;
}

function pluralOf(name: string): string {
  return name.split(/[/?]/)[0] ?? "";
}

/** The values of `paths` in an object; in those of each item, when it is a list. */
export function select(body: Json, paths: readonly string[]): Json {
  if (isObject(body) && Array.isArray(body.items))
    return { kind: body.kind as Json, items: body.items.map((item) => select(item as Json, paths)) };
  const selected: Record<string, Json> = {};
  for (const path of paths) {
    const value = at(body, path);
    if (value !== undefined) selected[path] = value;
  }
  return selected;
}

/** The value at a dotted path. */
export function at(value: Json | undefined, path: string): Json | undefined {
  let found: Json | undefined = value;
  for (const key of path.split(".")) found = (found as Record<string, Json> | undefined)?.[key];
  return found;
}

/** Whether the values are there; a number is compared with the length of a list, null stands for nothing. */
export function isThere(body: Json, wanted: Readonly<Record<string, Json>>): boolean {
  return Object.entries(wanted).every(([path, value]) => {
    const found = at(body, path);
    const actual = Array.isArray(found) && typeof value === "number" ? found.length : (found ?? null);
    return JSON.stringify(actual) === JSON.stringify(value);
  });
}
