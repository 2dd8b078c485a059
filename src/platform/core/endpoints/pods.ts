/** From the pods that a Service selects to endpoints with resolved ports. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";
import { canonicalJson } from "#kit/json.ts";
import { compileSelector } from "#kit/selector.ts";
import { isReady } from "../replicaset/rank.ts";

/** JSON, container port to the port at the pod's address: set by nodes whose pods share the host's network. */
const PORTS_ANNOTATION = "slipway.dev/ports";

export type Port = { name: string; protocol: string; port: number; appProtocol?: string };

/** Endpoints whose ports have the same numbers; only they can share a slice. */
export type Group = { key: string; ports: readonly Port[]; endpoints: k8s.Endpoint[] };

/** Whether the endpoints of a Service are made from pods; else somebody else takes care of them. */
export function isSelecting({ spec }: k8s.Service): boolean {
  return spec?.type !== "ExternalName" && Object.keys(spec?.selector ?? {}).length > 0;
}

/** The endpoints of `service`, by their ports, in the order of the pods' names. `zones` is by node. */
export function groupEndpoints(
  service: k8s.Service,
  pods: readonly k8s.Pod[],
  zones: ReadonlyMap<string, string>,
): Group[] {
  const selects = compileSelector({ matchLabels: service.spec?.selector ?? {} });
  const groups = new Map<string, Group>();
  const order = pods.toSorted((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1));
  for (const pod of order) {
    if (!selects(pod.metadata.labels) || !hasAddress(pod)) continue;
    const ports = (service.spec?.ports ?? []).flatMap((port) => resolvePort(port, pod) ?? []);
    const key = canonicalJson(ports);
    const group = groups.get(key) ?? { key, ports, endpoints: [] };
    group.endpoints.push(endpointOf(service, pod, zones));
    groups.set(key, group);
  }
  return [...groups.values()];
}

function hasAddress({ status }: k8s.Pod): boolean {
  return (
    status?.podIP !== undefined && status.podIP !== "" && status.phase !== "Succeeded" && status.phase !== "Failed"
  );
}

function endpointOf(service: k8s.Service, pod: k8s.Pod, zones: ReadonlyMap<string, string>): k8s.Endpoint {
  const { name, namespace, uid } = pod.metadata;
  const { hostname, subdomain, nodeName } = pod.spec;
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const serving = isReady(pod);
  const zone = zones.get(nodeName ?? "");
  return {
    addresses: [pod.status?.podIP ?? ""],
    conditions: {
      ready: service.spec?.publishNotReadyAddresses === true || (serving && !terminating),
      serving,
      terminating,
    },
    ...(hostname && subdomain === service.metadata.name && { hostname }),
    targetRef: { kind: "Pod", name, ...(namespace && { namespace }), ...(uid && { uid }) },
    ...(nodeName && { nodeName }),
    ...(zone && { zone }),
  };
}

/** Undefined when the pod has no port of that name. */
function resolvePort({ name = "", protocol = "TCP", port, targetPort, appProtocol }: k8s.ServicePort, pod: k8s.Pod) {
  const wanted = targetPort ?? port;
  const number = typeof wanted === "number" ? wanted : namedPort(pod, wanted, protocol);
  if (number === undefined) return undefined;
  const actual = recordedPorts(pod)[String(number)] ?? number;
  return { name, protocol, port: actual, ...(appProtocol && { appProtocol }) };
}

function namedPort({ spec }: k8s.Pod, name: string, protocol: string): number | undefined {
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always");
  const ports = [...spec.containers, ...sidecars].flatMap((container) => container.ports ?? []);
  return ports.find((port) => port.name === name && (port.protocol ?? "TCP") === protocol)?.containerPort;
}

function recordedPorts({ metadata }: k8s.Pod): Readonly<Record<string, number>> {
  try {
    return JSON.parse(metadata.annotations?.[PORTS_ANNOTATION] ?? "{}") as Record<string, number>;
  } catch {
    return {};
  }
}
