/** Columns of the kinds that say how workloads are reached, scaled and disturbed. */
import type {
  AutoscalingV2HorizontalPodAutoscaler as Autoscaler,
  AutoscalingV2HorizontalPodAutoscalerSpec as AutoscalerSpec,
  Ingress,
  IngressClass,
  NetworkPolicy,
  PodDisruptionBudget,
} from "#api/builtin/types.gen.ts";
import { type ColumnsByKind, columns, integer, text } from "../columns.ts";
import { renderSelector } from "../selector.ts";

const SHOWN_HOSTS = 3;

function hosts({ spec }: Ingress): string {
  const named = (spec?.rules ?? []).map(({ host }) => host).filter((host) => host !== undefined && host !== "");
  if (named.length === 0) return "*";
  const shown = named.slice(0, SHOWN_HOSTS).join(",");
  return named.length > SHOWN_HOSTS ? `${shown} + ${named.length - SHOWN_HOSTS} more...` : shown;
}

function address({ status }: Ingress): string {
  return (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || "").join(",");
}

function parameters({ spec }: IngressClass): string {
  if (!spec?.parameters) return "<none>";
  const { kind, apiGroup, name } = spec.parameters;
  return apiGroup ? `${kind}.${apiGroup}/${name}` : `${kind}/${name}`;
}

type Metric = NonNullable<AutoscalerSpec["metrics"]>[number];
type Current = NonNullable<NonNullable<Autoscaler["status"]>["currentMetrics"]>[number];
type Amount = { value?: string; averageValue?: string; averageUtilization?: number };

const SHOWN_METRICS = 2;

function targets({ spec, status }: Autoscaler): string {
  const metrics = spec?.metrics ?? [];
  if (metrics.length === 0) return "<none>";
  const shown = metrics.slice(0, SHOWN_METRICS).map((metric, index) => target(metric, status?.currentMetrics?.[index]));
  const rest = metrics.length - SHOWN_METRICS;
  return rest > 0 ? `${shown.join(", ")} + ${rest} more...` : shown.join(", ");
}

function target(metric: Metric, current: Current | undefined): string {
  const resource = metric.resource ?? metric.containerResource;
  const now = (current?.resource ?? current?.containerResource ?? current?.pods ?? current?.object ?? current?.external)
    ?.current as Amount | undefined;
  const goal = (resource ?? metric.pods ?? metric.object ?? metric.external)?.target as Amount | undefined;
  const name = resource ? `${resource.name}: ` : "";
  if (goal?.averageUtilization !== undefined) {
    const used = now?.averageUtilization === undefined ? "<unknown>" : `${now.averageUtilization}%`;
    return `${name}${used}/${goal.averageUtilization}%`;
  }
  if (goal?.averageValue !== undefined) {
    const average = metric.pods || resource ? "" : " (avg)";
    return `${name}${now?.averageValue ?? "<unknown>"}/${goal.averageValue}${average}`;
  }
  return `${name}${now?.value ?? "<unknown>"}/${goal?.value ?? ""}`;
}

/** By `group/plural`. */
export const POLICY_COLUMNS: ColumnsByKind = {
  "networking.k8s.io/ingresses": columns<Ingress>(
    text("Class", ({ spec }) => spec?.ingressClassName ?? "<none>"),
    text("Hosts", hosts),
    text("Address", address),
    text("Ports", ({ spec }) => (spec?.tls?.length ? "80, 443" : "80")),
  ),
  "networking.k8s.io/ingressclasses": columns<IngressClass>(
    text("Controller", ({ spec }) => spec?.controller ?? ""),
    text("Parameters", parameters),
  ),
  "networking.k8s.io/networkpolicies": columns<NetworkPolicy>(
    text("Pod-Selector", ({ spec }) => renderSelector(spec?.podSelector) || "<none>"),
  ),
  "policy/poddisruptionbudgets": columns<PodDisruptionBudget>(
    text("Min Available", ({ spec }) => String(spec?.minAvailable ?? "N/A")),
    text("Max Unavailable", ({ spec }) => String(spec?.maxUnavailable ?? "N/A")),
    integer("Allowed Disruptions", ({ status }) => status?.disruptionsAllowed ?? 0),
  ),
  "autoscaling/horizontalpodautoscalers": columns<Autoscaler>(
    text("Reference", ({ spec }) => `${spec?.scaleTargetRef?.kind}/${spec?.scaleTargetRef?.name}`),
    text("Targets", targets),
    text("MinPods", ({ spec }) => (spec?.minReplicas === undefined ? "<unset>" : String(spec.minReplicas))),
    text("MaxPods", ({ spec }) => spec?.maxReplicas ?? 0),
    text("Replicas", ({ status }) => status?.currentReplicas ?? 0),
  ),
};
