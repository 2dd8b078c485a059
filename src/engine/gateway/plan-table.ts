/** The route table from KIngress, Revision and Pod objects: pure. */
import type { Pod } from "#api/builtin/types.gen.ts";
import { keyOf } from "#api/meta.ts";
import type { Ingress } from "#api/networking.internal.knative.dev/ingress.ts";
import type { Revision } from "#api/serving.knative.dev/revision.ts";
import { isTrue } from "#kit/conditions.ts";
import { type Endpoint, hostName, type RevisionRoute, type RoutePath, type RouteTable, type Split } from "./table.ts";

export const REVISION_LABEL = "serving.knative.dev/revision";
/** JSON, container port to the port at the pod's address: set by nodes whose pods share the host's network. */
const PORTS_ANNOTATION = "slipway.dev/ports";
const DEFAULT_PORT = 8080;
const DEFAULT_TIMEOUT_SECONDS = 300;

export type RouteWorld = {
  ingresses: readonly Ingress[];
  revisions: readonly Revision[];
  /** Pods with the revision label. */
  pods: readonly Pod[];
};

/** Hosts of older ingresses win over the same hosts of younger ones. */
export function planTable({ ingresses, revisions, pods }: RouteWorld): RouteTable {
  const hosts: Record<string, RoutePath[]> = {};
  for (const ingress of ingresses.toSorted(byAge))
    for (const rule of ingress.spec.rules ?? [])
      for (const host of rule.hosts ?? [])
        hosts[hostName(host)] ??= (rule.http?.paths ?? []).map(planPath).toSorted(bySpecificity);
  const endpoints = Map.groupBy(
    pods.filter((pod) => !pod.metadata.deletionTimestamp && isTrue(pod as never)),
    (pod) => `${pod.metadata.namespace}/${pod.metadata.labels?.[REVISION_LABEL]}`,
  );
  const byKey = new Map(revisions.map((revision) => [keyOf(revision), revision]));
  const used = new Set(
    Object.values(hosts).flatMap((paths) => paths.flatMap(({ splits }) => splits.map((split) => split.revision))),
  );
  return {
    hosts,
    revisions: Object.fromEntries(
      [...used].map((key) => [key, planRevision(byKey.get(key), endpoints.get(key) ?? [])] as const),
    ),
  };
}

type IngressPath = NonNullable<NonNullable<NonNullable<Ingress["spec"]["rules"]>[number]["http"]>["paths"]>[number];

function planPath(path: IngressPath): RoutePath {
  const headers = Object.entries(path.headers ?? {}).map(([name, { exact }]) => [name.toLowerCase(), exact]);
  const splits = path.splits.map(
    (split): Split => ({
      revision: `${split.serviceNamespace}/${split.serviceName}`,
      percent: split.percent ?? 100,
      ...(split.appendHeaders && { appendHeaders: split.appendHeaders }),
    }),
  );
  return {
    splits,
    ...(path.path && { path: path.path }),
    ...(headers.length > 0 && { headers: Object.fromEntries(headers) }),
    ...(path.appendHeaders && { appendHeaders: path.appendHeaders }),
    ...(path.rewriteHost && { rewriteHost: path.rewriteHost }),
  };
}

function planRevision(revision: Revision | undefined, pods: readonly Pod[]): RevisionRoute {
  return {
    endpoints: pods.flatMap((pod) => endpointOf(pod) ?? []),
    timeoutSeconds: revision?.spec.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS,
    containerConcurrency: revision?.spec.containerConcurrency ?? 0,
  };
}

/** Where the gateway reaches a pod; undefined when it has no address yet. */
function endpointOf(pod: Pod): Endpoint | undefined {
  const host = pod.status?.podIP;
  if (!host) return undefined;
  const declared = pod.spec.containers.flatMap(({ ports = [] }) => ports)[0]?.containerPort ?? DEFAULT_PORT;
  return { host, port: recordedPorts(pod)[String(declared)] ?? declared };
}

function recordedPorts(pod: Pod): Record<string, number> {
  const text = pod.metadata.annotations?.[PORTS_ANNOTATION];
  if (!text) return {};
  try {
    return JSON.parse(text) as Record<string, number>;
  } catch {
    return {};
  }
}

/** Paths that ask for more are tried first: headers, then longer prefixes. */
function bySpecificity(left: RoutePath, right: RoutePath): number {
  const headers = Object.keys(right.headers ?? {}).length - Object.keys(left.headers ?? {}).length;
  return headers || (right.path?.length ?? 0) - (left.path?.length ?? 0);
}

function byAge(left: Ingress, right: Ingress): number {
  const [first, second] = [left, right].map(({ metadata }) => `${metadata.creationTimestamp} ${keyOf({ metadata })}`);
  return (first ?? "") < (second ?? "") ? -1 : 1;
}
