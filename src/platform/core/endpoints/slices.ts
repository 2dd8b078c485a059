/** How endpoints are spread over EndpointSlices, and the Endpoints object with the same content. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";
import { canonicalJson, deepEqual } from "#kit/json.ts";
import type { Draft } from "#ports/kube/client.ts";
import { suffixOf } from "../names.ts";
import type { Group } from "./pods.ts";

const SERVICE_NAME = "kubernetes.io/service-name";
const MANAGED_BY = "endpointslice.kubernetes.io/managed-by";
const MANAGER = "endpointslice-controller.k8s.io";
const HEADLESS = "service.kubernetes.io/headless";
export const LAST_CHANGE = "endpoints.kubernetes.io/last-change-trigger-time";
/** Marks Endpoints that follow from a selector. */
export const MANAGED_ENDPOINTS = "endpoints.kubernetes.io/managed-by";
const OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity";

/** Most endpoints in a slice. */
const SLICE_SIZE = 100;
/** Most addresses in an Endpoints object. */
const ENDPOINTS_SIZE = 1000;

export type SlicePlan = { apply: Draft<k8s.EndpointSlice>[]; remove: k8s.EndpointSlice[] };

/** By which the slices of a Service that one of the controllers made are known. */
export function sliceLabels(service: string, manager = MANAGER): Record<string, string> {
  return { [SERVICE_NAME]: service, [MANAGED_BY]: manager };
}

/** Whose endpoints they are; `labels` and `annotations` are those of the slices. */
export type SliceOwner = {
  name: string;
  namespace: string | undefined;
  uid: string;
  labels: Record<string, string>;
  annotations?: Record<string, string>;
};

/** A Service as the owner of its slices; they tell when they changed last. */
export function sliceOwner(service: k8s.Service, now: Date): SliceOwner {
  const { name, namespace, uid = "" } = service.metadata;
  const labels = { ...labelsOf(service), ...sliceLabels(name) };
  return { name, namespace, uid, labels, annotations: { [LAST_CHANGE]: now.toISOString() } };
}

export type SliceGroup = Group & { addressType?: "IPv4" | "IPv6" };

/** Endpoints stay in the slice they are in; slices that do not change are not written. */
export function planSlices(
  owner: SliceOwner,
  groups: readonly SliceGroup[],
  existing: readonly k8s.EndpointSlice[],
): SlicePlan {
  const drafts: Draft<k8s.EndpointSlice>[] = [];
  const names = new Set(existing.map(({ metadata }) => metadata.name));
  const used = new Set<string>();
  const whole: readonly SliceGroup[] = groups.length > 0 ? groups : [{ key: "[]", ports: [], endpoints: [] }];
  for (const group of whole) {
    const mine = existing.filter(
      ({ ports, metadata, addressType }) =>
        canonicalJson(ports ?? []) === group.key &&
        addressType === (group.addressType ?? "IPv4") &&
        !used.has(metadata.name),
    );
    for (const { name, endpoints } of distribute(group.endpoints, mine)) {
      const slice = name ?? newName(owner, names);
      used.add(slice);
      drafts.push(sliceDraft(owner, { ...group, name: slice, endpoints }));
    }
  }
  const live = new Map(existing.map((slice) => [slice.metadata.name, slice]));
  const changed = drafts.filter((draft) => !isSame(live.get(draft.metadata.name ?? ""), draft));
  return {
    apply: changed,
    remove: existing.filter(({ metadata }) => !used.has(metadata.name)),
  };
}

type Share = { name?: string; endpoints: k8s.Endpoint[] };

function distribute(endpoints: readonly k8s.Endpoint[], existing: readonly k8s.EndpointSlice[]): Share[] {
  const idOf = ({ targetRef, addresses }: k8s.Endpoint): string => targetRef?.uid ?? addresses.join();
  const left = new Map(endpoints.map((endpoint) => [idOf(endpoint), endpoint]));
  const shares: Share[] = existing.map((slice) => {
    const kept = (slice.endpoints ?? []).flatMap((endpoint) => {
      const current = left.get(idOf(endpoint));
      return current && left.delete(idOf(endpoint)) ? [current] : [];
    });
    return { name: slice.metadata.name, endpoints: kept };
  });
  for (const endpoint of left.values()) {
    let share = shares.find((candidate) => candidate.endpoints.length < SLICE_SIZE);
    if (!share) {
      share = { endpoints: [] };
      shares.push(share);
    }
    share.endpoints.push(endpoint);
  }
  const filled = shares.filter((share) => share.endpoints.length > 0);
  return filled.length > 0 ? filled : [shares[0] ?? { endpoints: [] }];
}

/** Follows from the owner and a free number, so that a pass that is repeated asks for the same names. */
function newName(owner: SliceOwner, names: Set<string>): string {
  for (let number = 0; ; number++) {
    const name = `${owner.name}-${suffixOf(`${owner.uid}/${number}`)}`;
    if (names.has(name)) continue;
    names.add(name);
    return name;
  }
}

function labelsOf({ metadata, spec }: k8s.Service): Record<string, string> {
  const headless = spec?.clusterIP === undefined || spec.clusterIP === "" || spec.clusterIP === "None";
  return { ...metadata.labels, ...(headless && { [HEADLESS]: "" }) };
}

function sliceDraft(
  { name: service, namespace, labels, annotations }: SliceOwner,
  { name, endpoints, ports, addressType = "IPv4" }: SliceGroup & { name: string },
): Draft<k8s.EndpointSlice> {
  return {
    metadata: {
      name,
      generateName: `${service}-`,
      ...(namespace && { namespace }),
      labels,
      ...(annotations && Object.keys(annotations).length > 0 && { annotations }),
    },
    addressType,
    endpoints,
    ports: [...ports],
  };
}

function isSame(live: k8s.EndpointSlice | undefined, draft: Draft<k8s.EndpointSlice>): boolean {
  return (
    live !== undefined &&
    deepEqual(live.endpoints ?? [], draft.endpoints) &&
    deepEqual(live.ports ?? [], draft.ports) &&
    deepEqual(live.metadata.labels, draft.metadata.labels)
  );
}

function withTrigger<T>(draft: Draft<T>, now: Date): Draft<T> {
  const annotations = { ...draft.metadata.annotations, [LAST_CHANGE]: now.toISOString() };
  return { ...draft, metadata: { ...draft.metadata, annotations } };
}

/** The Endpoints object; undefined when it has that content already. */
export function planEndpoints(
  service: k8s.Service,
  groups: readonly Group[],
  live: k8s.Endpoints | undefined,
  now: Date,
): Draft<k8s.Endpoints> | undefined {
  const { name, namespace } = service.metadata;
  const total = groups.reduce((sum, { endpoints }) => sum + endpoints.length, 0);
  const labels = { ...labelsOf(service), [MANAGED_ENDPOINTS]: "endpoint-controller" };
  const subsets = subsetsOf(groups);
  if (live && deepEqual(live.subsets ?? [], subsets) && deepEqual(live.metadata.labels, labels)) return undefined;
  const annotations = total > ENDPOINTS_SIZE ? { [OVER_CAPACITY]: "truncated" } : {};
  return withTrigger<k8s.Endpoints>(
    { metadata: { name, ...(namespace && { namespace }), labels, annotations }, subsets },
    now,
  );
}

function subsetsOf(groups: readonly Group[]): k8s.EndpointSubset[] {
  let room = ENDPOINTS_SIZE;
  return groups.flatMap(({ endpoints, ports }) => {
    const alive = endpoints.filter(({ conditions }) => conditions?.ready || !conditions?.terminating).slice(0, room);
    room -= alive.length;
    const addresses = alive.filter(({ conditions }) => conditions?.ready).map(addressOf);
    const notReadyAddresses = alive.filter(({ conditions }) => !conditions?.ready).map(addressOf);
    if (alive.length === 0) return [];
    return [
      {
        ...(addresses.length > 0 && { addresses }),
        ...(notReadyAddresses.length > 0 && { notReadyAddresses }),
        ...(ports.length > 0 && { ports: ports.map(({ name, ...port }) => ({ ...(name && { name }), ...port })) }),
      },
    ];
  });
}

function addressOf({ addresses, hostname, nodeName, targetRef }: k8s.Endpoint): k8s.EndpointAddress {
  return {
    ip: addresses[0] ?? "",
    ...(hostname && { hostname }),
    ...(nodeName && { nodeName }),
    ...(targetRef && { targetRef }),
  };
}
