/** Columns of the kinds that pods and their surroundings are made of. */
import type {
  ConfigMap,
  EndpointSlice,
  Endpoints,
  Event,
  Namespace,
  Node,
  Pod,
  Secret,
  Service,
} from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import { isTrue } from "#kit/conditions.ts";
import { EVENT_CONVERSION } from "../../resources/event-forms.ts";
import { renderAge } from "../age.ts";
import { type ColumnsByKind, CREATED_COLUMNS, columns, NAME, pairs, type TableColumn, text } from "../columns.ts";
import { summarizePod } from "../pods.ts";

const SHOWN = 3;

/** The first few of many. */
function some(values: readonly string[]): string {
  if (values.length <= SHOWN) return values.join(",");
  return `${values.slice(0, SHOWN).join(",")} + ${values.length - SHOWN} more...`;
}

function readinessGates({ spec, status }: Pod): string {
  const gates = spec?.readinessGates ?? [];
  if (gates.length === 0) return "<none>";
  const ready = gates.filter(({ conditionType }) => isTrue({ status } as never, conditionType));
  return `${ready.length}/${gates.length}`;
}

function nodeStatus(node: Node): string {
  const condition = node.status?.conditions?.find(({ type }) => type === "Ready");
  const ready = condition ? (condition.status === "True" ? "Ready" : "NotReady") : "Unknown";
  return node.spec?.unschedulable ? `${ready},SchedulingDisabled` : ready;
}

const ROLE = "node-role.kubernetes.io/";
const OLD_ROLE = "kubernetes.io/role";

function nodeRoles({ metadata }: Node): string {
  const labels = metadata.labels ?? {};
  const roles = Object.keys(labels).flatMap((label) =>
    label.startsWith(ROLE) ? [label.slice(ROLE.length)] : label === OLD_ROLE ? [labels[label] ?? ""] : [],
  );
  return [...new Set(roles)].filter(Boolean).sort().join(",") || "<none>";
}

function nodeAddress(node: Node, type: string): string {
  return node.status?.addresses?.find((address) => address.type === type)?.address ?? "<none>";
}

const software = (title: string, read: (info: Partial<NodeInfo>) => string | undefined): TableColumn<Node> =>
  text(title, ({ status }) => read(status?.nodeInfo ?? {}) || "<unknown>", true);
type NodeInfo = NonNullable<NonNullable<Node["status"]>["nodeInfo"]>;

function servicePorts({ spec }: Service): string {
  const ports = (spec?.ports ?? []).map(
    ({ port, nodePort, protocol }) => `${port}${nodePort ? `:${nodePort}` : ""}/${protocol}`,
  );
  return ports.join(",") || "<none>";
}

function externalAddress({ spec, status }: Service): string {
  if (spec?.type === "ExternalName") return spec.externalName ?? "<none>";
  const ingress = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname ?? "");
  const all = [...(spec?.type === "LoadBalancer" ? ingress : []), ...(spec?.externalIPs ?? [])];
  return all.join(",") || (spec?.type === "LoadBalancer" ? "<pending>" : "<none>");
}

function endpointsOf({ subsets }: Endpoints): string {
  const all = (subsets ?? []).flatMap(({ addresses, ports }) =>
    (addresses ?? []).flatMap(({ ip }) => (ports?.length ? ports.map(({ port }) => `${ip}:${port}`) : [ip])),
  );
  return some(all) || "<none>";
}

function slicePorts({ ports }: EndpointSlice): string {
  if (!ports?.length) return "<unset>";
  return some(ports.map(({ port }) => (port === undefined ? "*" : String(port))));
}

function sliceAddresses({ endpoints }: EndpointSlice): string {
  if (!endpoints?.length) return "<unset>";
  return some(endpoints.flatMap(({ addresses }) => addresses ?? []));
}

function eventAge(event: Event, now: Date): string {
  const last = event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? undefined;
  const first = event.firstTimestamp ?? event.eventTime ?? undefined;
  const times = event.series?.count ?? event.count ?? 1;
  const age = renderAge(last ?? first, now);
  return times > 1 && first ? `${age} (x${times} over ${renderAge(first, now)})` : age;
}

function eventSource({ source, reportingComponent, reportingInstance }: Event): string {
  const component = source?.component || reportingComponent;
  const host = source?.host || reportingInstance;
  return [component, host].filter(Boolean).join(", ");
}

const EVENT_COLUMNS = [
  text<Event>("Last Seen", eventAge),
  text<Event>("Type", ({ type }) => type ?? ""),
  text<Event>("Reason", ({ reason }) => reason ?? ""),
  text<Event>("Object", ({ involvedObject }) => `${involvedObject?.kind?.toLowerCase()}/${involvedObject?.name}`),
  text<Event>("Subobject", ({ involvedObject }) => involvedObject?.fieldPath ?? "", true),
  text<Event>("Source", eventSource, true),
  text<Event>("Message", ({ message }) => (message ?? "").trim()),
  text<Event>(
    "First Seen",
    ({ firstTimestamp, eventTime }, now) => renderAge(firstTimestamp ?? eventTime ?? undefined, now),
    true,
  ),
  text<Event>("Count", ({ count, series }) => series?.count ?? count ?? 1, true),
  { ...NAME, wide: true } as TableColumn<Event>,
];

/** The columns of events, of events in their newer form. */
const NEWER_EVENT_COLUMNS = EVENT_COLUMNS.map((column) => ({
  ...column,
  cell: (event: Unstructured, now: Date) => column.cell(EVENT_CONVERSION.write(event) as unknown as Event, now),
}));

/** By `group/plural`. */
export const CORE_COLUMNS: ColumnsByKind = {
  "/pods": columns<Pod>(
    text("Ready", (pod, now) => summarizePod(pod, now).ready),
    text("Status", (pod, now) => summarizePod(pod, now).status),
    text("Restarts", (pod, now) => summarizePod(pod, now).restarts),
    text("IP", ({ status }) => status?.podIP || "<none>", true),
    text("Node", ({ spec }) => spec?.nodeName || "<none>", true),
    text("Nominated Node", ({ status }) => status?.nominatedNodeName || "<none>", true),
    text("Readiness Gates", readinessGates, true),
  ),
  "/namespaces": columns<Namespace>(text("Status", ({ status }) => status?.phase ?? "")),
  "/nodes": [
    ...columns<Node>(text("Status", nodeStatus), text("Roles", nodeRoles)),
    ...([
      text("Version", ({ status }) => status?.nodeInfo?.kubeletVersion ?? ""),
      text("Internal-IP", (node) => nodeAddress(node, "InternalIP"), true),
      text("External-IP", (node) => nodeAddress(node, "ExternalIP"), true),
      software("OS-Image", ({ osImage }) => osImage),
      software("Kernel-Version", ({ kernelVersion }) => kernelVersion),
      software("Container-Runtime", ({ containerRuntimeVersion }) => containerRuntimeVersion),
    ] satisfies TableColumn<Node>[] as TableColumn<never>[]),
  ],
  "/services": columns<Service>(
    text("Type", ({ spec }) => spec?.type ?? ""),
    text("Cluster-IP", ({ spec }) => spec?.clusterIP || "<none>"),
    text("External-IP", externalAddress),
    text("Port(s)", servicePorts),
    text("Selector", ({ spec }) => pairs(spec?.selector), true),
  ),
  "/configmaps": columns<ConfigMap>(
    text("Data", ({ data, binaryData }) => Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length),
  ),
  "/secrets": columns<Secret>(
    text("Type", ({ type }) => type ?? ""),
    text("Data", ({ data }) => Object.keys(data ?? {}).length),
  ),
  "/endpoints": columns<Endpoints>(text("Endpoints", endpointsOf)),
  "discovery.k8s.io/endpointslices": columns<EndpointSlice>(
    text("AddressType", ({ addressType }) => addressType),
    text("Ports", slicePorts),
    text("Endpoints", sliceAddresses),
  ),
  "/events": EVENT_COLUMNS as TableColumn<never>[],
  "events.k8s.io/events": NEWER_EVENT_COLUMNS as TableColumn<never>[],
  "/limitranges": CREATED_COLUMNS,
};
