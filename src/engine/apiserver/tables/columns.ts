/** Table columns of built-in kinds, as `kubectl get` shows them. */

import type { CustomResourceDefinitionObject } from "#api/builtin/definition.ts";
import type {
  ConfigMap,
  CronJob,
  DaemonSet,
  Deployment,
  Endpoints,
  Event,
  Job,
  Lease,
  Namespace,
  Node,
  PersistentVolumeClaim,
  Pod,
  ReplicaSet,
  RoleBinding,
  Secret,
  Service,
  ServiceAccount,
  StatefulSet,
} from "#api/builtin/types.gen.ts";
import { isTrue } from "#kit/conditions.ts";
import { renderAge, renderDuration } from "./age.ts";
import { summarizePod } from "./pods.ts";

export type Cell = string | number | boolean | null;

/** One column; `wide` ones show with `-o wide` only. */
export type TableColumn<T> = {
  name: string;
  type?: "string" | "integer" | "boolean";
  wide?: boolean;
  cell: (object: T, now: Date) => Cell;
};

type Named = { metadata: { name: string; creationTimestamp?: string } };

const name: TableColumn<Named> = { name: "Name", cell: ({ metadata }) => metadata.name };
const age: TableColumn<Named> = {
  name: "Age",
  cell: ({ metadata }, now) => renderAge(metadata.creationTimestamp, now),
};
const created: TableColumn<Named> = { name: "Created At", cell: ({ metadata }) => metadata.creationTimestamp ?? "" };

function columns<T extends Named>(...middle: TableColumn<T>[]): TableColumn<never>[] {
  const narrow = middle.filter((column) => !column.wide);
  return [name, ...narrow, age, ...middle.filter((column) => column.wide)] as TableColumn<never>[];
}

function count<T>(title: string, cell: (object: T) => number): TableColumn<T> {
  return { name: title, type: "integer", cell };
}

function text<T>(title: string, cell: (object: T, now: Date) => string, wide = false): TableColumn<T> {
  return { name: title, cell, ...(wide && { wide }) };
}

function pairs(labels: Record<string, string> | undefined): string {
  const terms = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return terms.length > 0 ? terms.join(",") : "<none>";
}

type Templated = {
  spec: {
    template?: { spec?: { containers?: { name: string; image?: string }[] } };
    selector?: { matchLabels?: Record<string, string> };
  };
};

function workload<T extends Templated>(): TableColumn<T>[] {
  const containers = ({ spec }: T) => spec.template?.spec?.containers ?? [];
  return [
    text(
      "Containers",
      (object) =>
        containers(object)
          .map((container) => container.name)
          .join(","),
      true,
    ),
    text(
      "Images",
      (object) =>
        containers(object)
          .map((container) => container.image)
          .join(","),
      true,
    ),
    text("Selector", ({ spec }) => pairs(spec.selector?.matchLabels), true),
  ];
}

function nodeStatus(node: Node): string {
  const ready = isTrue(node as never) ? "Ready" : "NotReady";
  return node.spec?.unschedulable ? `${ready},SchedulingDisabled` : ready;
}

function nodeRoles({ metadata }: Node): string {
  const prefix = "node-role.kubernetes.io/";
  const roles = Object.keys(metadata.labels ?? {}).filter((label) => label.startsWith(prefix));
  return roles.map((label) => label.slice(prefix.length)).join(",") || "<none>";
}

function nodeAddress(node: Node, type: string): string {
  return node.status?.addresses?.find((address) => address.type === type)?.address ?? "<none>";
}

function servicePorts({ spec }: Service): string {
  const ports = (spec?.ports ?? []).map(
    ({ port, nodePort, protocol }) => `${port}${nodePort ? `:${nodePort}` : ""}/${protocol}`,
  );
  return ports.join(",") || "<none>";
}

function externalAddress({ spec, status }: Service): string {
  if (spec?.type === "ExternalName") return spec.externalName ?? "<none>";
  const ingress = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname ?? "");
  const all = [...(spec?.externalIPs ?? []), ...ingress];
  return all.join(",") || (spec?.type === "LoadBalancer" ? "<pending>" : "<none>");
}

function jobStatus({ status }: Job): string {
  const isSet = (type: string): boolean => isTrue({ status } as never, type);
  if (isSet("Complete")) return "Complete";
  if (isSet("Failed")) return "Failed";
  return isSet("Suspended") ? "Suspended" : "Running";
}

function jobDuration({ status }: Job, now: Date): string {
  if (!status?.startTime) return "";
  const end = status.completionTime ? Date.parse(status.completionTime) : now.getTime();
  return renderDuration(end - Date.parse(status.startTime));
}

function eventAge(event: Event, now: Date): string {
  const last = event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? undefined;
  const first = event.firstTimestamp ?? event.eventTime ?? undefined;
  const times = event.series?.count ?? event.count ?? 1;
  const age = renderAge(last ?? first, now);
  return times > 1 && first ? `${age} (x${times} over ${renderAge(first, now)})` : age;
}

const roleBinding = columns<RoleBinding>(text("Role", ({ roleRef }) => `${roleRef?.kind}/${roleRef?.name}`));
const roleColumns = [name, created] as TableColumn<never>[];

/** By `group/plural`. Kinds that are not here show name and age. */
export const BUILTIN_COLUMNS: { readonly [resource: string]: readonly TableColumn<never>[] } = {
  "/pods": columns<Pod>(
    text("Ready", (pod, now) => summarizePod(pod, now).ready),
    text("Status", (pod, now) => summarizePod(pod, now).status),
    text("Restarts", (pod, now) => summarizePod(pod, now).restarts),
    text("IP", (pod) => pod.status?.podIP || "<none>", true),
    text("Node", (pod) => pod.spec?.nodeName || "<none>", true),
    text("Nominated Node", (pod) => pod.status?.nominatedNodeName || "<none>", true),
    text("Readiness Gates", () => "<none>", true),
  ),
  "/namespaces": columns<Namespace>(text("Status", ({ status }) => status?.phase ?? "")),
  "/nodes": columns<Node>(
    text("Status", nodeStatus),
    text("Roles", nodeRoles),
    text("Version", ({ status }) => status?.nodeInfo?.kubeletVersion ?? ""),
    text("Internal-IP", (node) => nodeAddress(node, "InternalIP"), true),
    text("External-IP", (node) => nodeAddress(node, "ExternalIP"), true),
    text("OS-Image", ({ status }) => status?.nodeInfo?.osImage ?? "<unknown>", true),
    text("Kernel-Version", ({ status }) => status?.nodeInfo?.kernelVersion ?? "<unknown>", true),
    text("Container-Runtime", ({ status }) => status?.nodeInfo?.containerRuntimeVersion ?? "<unknown>", true),
  ),
  "/services": columns<Service>(
    text("Type", ({ spec }) => spec?.type ?? ""),
    text("Cluster-IP", ({ spec }) => spec?.clusterIP || "<none>"),
    text("External-IP", externalAddress),
    text("Port(s)", servicePorts),
    text("Selector", ({ spec }) => pairs(spec?.selector), true),
  ),
  "/configmaps": columns<ConfigMap>(
    count("Data", ({ data, binaryData }) => Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length),
  ),
  "/secrets": columns<Secret>(
    text("Type", ({ type }) => type ?? ""),
    count("Data", ({ data }) => Object.keys(data ?? {}).length),
  ),
  "/serviceaccounts": columns<ServiceAccount>(count("Secrets", ({ secrets }) => secrets?.length ?? 0)),
  "/endpoints": columns<Endpoints>(
    text("Endpoints", ({ subsets }) => {
      const all = (subsets ?? []).flatMap(({ addresses, ports }) =>
        (addresses ?? []).flatMap(({ ip }) => (ports ?? []).map(({ port }) => `${ip}:${port}`)),
      );
      return all.join(",") || "<none>";
    }),
  ),
  "/events": [
    text<Event>("Last Seen", eventAge),
    text<Event>("Type", ({ type }) => type ?? ""),
    text<Event>("Reason", ({ reason }) => reason ?? ""),
    text<Event>("Object", ({ involvedObject }) => `${involvedObject?.kind?.toLowerCase()}/${involvedObject?.name}`),
    text<Event>("Message", ({ message }) => (message ?? "").trim()),
    text<Event>("Source", ({ source }) => source?.component ?? "", true),
    text<Event>("Count", ({ count: times }) => String(times ?? 1), true),
    { ...name, wide: true },
  ] as TableColumn<never>[],
  "/persistentvolumeclaims": columns<PersistentVolumeClaim>(
    text("Status", ({ status }) => status?.phase ?? ""),
    text("Volume", ({ spec }) => spec?.volumeName ?? ""),
    text("Capacity", ({ status }) => status?.capacity?.storage ?? ""),
    text("StorageClass", ({ spec }) => spec?.storageClassName ?? ""),
  ),
  "apps/deployments": columns<Deployment>(
    text("Ready", ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 0}`),
    count("Up-to-date", ({ status }) => status?.updatedReplicas ?? 0),
    count("Available", ({ status }) => status?.availableReplicas ?? 0),
    ...workload<Deployment>(),
  ),
  "apps/replicasets": columns<ReplicaSet>(
    count("Desired", ({ spec }) => spec.replicas ?? 0),
    count("Current", ({ status }) => status?.replicas ?? 0),
    count("Ready", ({ status }) => status?.readyReplicas ?? 0),
    ...workload<ReplicaSet>(),
  ),
  "apps/statefulsets": columns<StatefulSet>(
    text("Ready", ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 0}`),
    ...workload<StatefulSet>().slice(0, 2),
  ),
  "apps/daemonsets": columns<DaemonSet>(
    count("Desired", ({ status }) => status?.desiredNumberScheduled ?? 0),
    count("Current", ({ status }) => status?.currentNumberScheduled ?? 0),
    count("Ready", ({ status }) => status?.numberReady ?? 0),
    count("Up-to-date", ({ status }) => status?.updatedNumberScheduled ?? 0),
    count("Available", ({ status }) => status?.numberAvailable ?? 0),
    ...workload<DaemonSet>(),
  ),
  "batch/jobs": columns<Job>(
    text("Status", jobStatus),
    text("Completions", ({ spec, status }) => `${status?.succeeded ?? 0}/${spec.completions ?? 1}`),
    text("Duration", jobDuration),
    ...workload<Job>(),
  ),
  "batch/cronjobs": columns<CronJob>(
    text("Schedule", ({ spec }) => spec.schedule),
    text("Timezone", ({ spec }) => spec.timeZone ?? "<none>"),
    text("Suspend", ({ spec }) => (spec.suspend ? "True" : "False")),
    count("Active", ({ status }) => status?.active?.length ?? 0),
    text("Last Schedule", ({ status }, now) =>
      status?.lastScheduleTime ? renderAge(status.lastScheduleTime, now) : "<none>",
    ),
  ),
  "coordination.k8s.io/leases": columns<Lease>(text("Holder", ({ spec }) => spec?.holderIdentity ?? "")),
  "rbac.authorization.k8s.io/rolebindings": roleBinding,
  "rbac.authorization.k8s.io/clusterrolebindings": roleBinding,
  "rbac.authorization.k8s.io/roles": roleColumns,
  "rbac.authorization.k8s.io/clusterroles": roleColumns,
  "apiextensions.k8s.io/customresourcedefinitions": [name, created] as TableColumn<
    CustomResourceDefinitionObject & Named
  >[] as TableColumn<never>[],
};

/** Name and age. */
export const PLAIN_COLUMNS: readonly TableColumn<never>[] = columns();
