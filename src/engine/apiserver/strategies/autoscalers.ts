/** Horizontal pod autoscalers. */
import type {
  AutoscalingV2HorizontalPodAutoscaler as Autoscaler,
  AutoscalingV2HorizontalPodAutoscalerSpec as AutoscalerSpec,
} from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import type { Mutable } from "#kit/json.ts";
import { parseQuantity } from "#kit/quantity.ts";
import { dnsSubdomain, pathSegment } from "./rules/names.ts";
import { type Report, violations } from "./rules/report.ts";
import { checkSelector } from "./rules/selectors.ts";
import type { Strategy } from "./strategy.ts";

const asAutoscaler = (object: Unstructured): Mutable<Autoscaler> => object as unknown as Mutable<Autoscaler>;
type Spec = Mutable<AutoscalerSpec>;
type Behavior = NonNullable<Spec["behavior"]>;
type ScalingRules = NonNullable<Behavior["scaleUp"]>;

const LONGEST_WINDOW = 3600;
const LONGEST_PERIOD = 1800;
const DEFAULT_UTILIZATION = 80;

export const autoscalerStrategy: Strategy = {
  defaults: (draft) => {
    const { spec } = asAutoscaler(draft);
    if (!spec) return;
    spec.minReplicas ??= 1;
    if (!spec.metrics?.length)
      spec.metrics = [
        {
          type: "Resource",
          resource: { name: "cpu", target: { type: "Utilization", averageUtilization: DEFAULT_UTILIZATION } },
        },
      ];
    if (spec.behavior) defaultBehavior(spec.behavior);
  },
  prepareCreate: (draft) => {
    draft.status = {};
  },
  validate: (draft) =>
    violations((report) => {
      checkSpec(asAutoscaler(draft).spec ?? ({} as Spec), report.at("spec"));
    }),
  validateStatus: (draft) =>
    violations((report) => {
      const { currentReplicas, desiredReplicas } = asAutoscaler(draft).status ?? {};
      report.at("status", "currentReplicas").notNegative(currentReplicas);
      report.at("status", "desiredReplicas").notNegative(desiredReplicas);
    }),
};

function defaultBehavior(behavior: Behavior): void {
  behavior.scaleUp = {
    stabilizationWindowSeconds: 0,
    selectPolicy: "Max",
    policies: [
      { type: "Pods", value: 4, periodSeconds: 15 },
      { type: "Percent", value: 100, periodSeconds: 15 },
    ],
    ...behavior.scaleUp,
  };
  behavior.scaleDown = {
    selectPolicy: "Max",
    policies: [{ type: "Percent", value: 100, periodSeconds: 15 }],
    ...behavior.scaleDown,
  };
}

function checkSpec(spec: Spec, report: Report): void {
  const { minReplicas, maxReplicas = 0, metrics = [], behavior, scaleTargetRef } = spec;
  const mayBeNone = metrics.some(({ type }) => type === "Object" || type === "External");
  if (minReplicas !== undefined && minReplicas < 1)
    report.at("minReplicas").invalid(minReplicas, "must be greater than or equal to 1");
  if (maxReplicas < 1) report.at("maxReplicas").required("must be set and greater than 0");
  if (minReplicas !== undefined && maxReplicas < minReplicas)
    report.at("maxReplicas").invalid(maxReplicas, "must be greater than or equal to `minReplicas`");
  checkTarget(scaleTargetRef ?? {}, report.at("scaleTargetRef"));
  metrics.forEach((metric, index) => {
    checkMetric(metric, report.at("metrics").item(index));
  });
  if (minReplicas === 0 && !mayBeNone)
    report
      .at("metrics")
      .forbidden("must specify at least one Object or External metric to support scaling to zero replicas");
  if (behavior?.scaleUp) checkRules(behavior.scaleUp, report.at("behavior", "scaleUp"));
  if (behavior?.scaleDown) checkRules(behavior.scaleDown, report.at("behavior", "scaleDown"));
}

function checkTarget(target: Partial<Spec["scaleTargetRef"]>, report: Report): void {
  const { kind, name, apiVersion = "" } = target;
  if (report.at("kind").needs(kind)) report.at("kind").invalidFor(kind, pathSegment(kind ?? ""));
  if (report.at("name").needs(name)) report.at("name").invalidFor(name, pathSegment(name ?? ""));
  const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
  if (!group && kind !== "ReplicationController")
    report.at("apiVersion").invalid(apiVersion, "apiVersion must specify API group");
  else if (group) report.at("apiVersion").invalidFor(apiVersion, dnsSubdomain(group));
}

const METRIC_TYPES = ["ContainerResource", "External", "Object", "Pods", "Resource"];
const SOURCES: { readonly [type: string]: keyof Metric } = {
  ContainerResource: "containerResource",
  External: "external",
  Object: "object",
  Pods: "pods",
  Resource: "resource",
};
type Metric = NonNullable<Spec["metrics"]>[number];

function checkMetric(metric: Metric, report: Report): void {
  const { type } = metric;
  if (!report.at("type").needs(type, "must specify a metric source type")) return;
  const field = SOURCES[type];
  if (!field) {
    // a real server finds this twice
    for (const _ of METRIC_TYPES.slice(0, 2)) report.at("type").notSupported(type, METRIC_TYPES);
    return;
  }
  const source = metric[field] as Source | undefined;
  if (!source) {
    report.at(field).required("must populate information for the given metric source");
    return;
  }
  checkMetricSource(field, source, report.at(field));
}

type Target = { type?: string; value?: string; averageValue?: string; averageUtilization?: number };
type Source = {
  name?: string;
  container?: string;
  target?: Target;
  metric?: { name?: string; selector?: { matchLabels?: Record<string, string> } };
  describedObject?: Spec["scaleTargetRef"];
};

function checkMetricSource(field: string, source: Source, report: Report): void {
  const { name, metric, target = {}, describedObject } = source;
  const isResource = field === "resource" || field === "containerResource";
  if (isResource) report.at("name").needs(name, "must specify a resource name");
  if (field === "containerResource") report.at("container").needs(source.container, "must specify a container");
  if (field === "object") checkTarget(describedObject ?? {}, report.at("describedObject"));
  if (!isResource) {
    report.at("metric", "name").needs(metric?.name, "must specify a metric name");
    checkSelector(metric?.selector, report.at("metric", "selector"));
  }
  const at = report.at("target");
  if (!target.type) at.at("type").required("must specify a metric target type");
  if (!["Utilization", "Value", "AverageValue"].includes(target.type ?? ""))
    at.at("type").invalid(target.type ?? "", "must be either Utilization, Value, or AverageValue");
  checkAmounts(target, at);
  checkNeeded(field, target, at);
}

function isPositive(amount: string | undefined): boolean {
  return amount !== undefined && (parseQuantity(amount)?.nanos ?? 0n) > 0n;
}

function checkAmounts({ value, averageValue, averageUtilization }: Target, report: Report): void {
  if (value !== undefined && !isPositive(value)) report.at("value").invalid(value, "must be positive");
  if (averageValue !== undefined && !isPositive(averageValue))
    report.at("averageValue").invalid(averageValue, "must be positive");
  if (averageUtilization !== undefined && averageUtilization < 1)
    report.at("averageUtilization").invalid(averageUtilization, "must be greater than 0");
}

function checkNeeded(field: string, target: Target, report: Report): void {
  const { value, averageValue, averageUtilization } = target;
  if (field === "pods") {
    if (!isPositive(averageValue)) report.at("averageValue").required("must specify a positive target averageValue");
  } else if (field === "resource" || field === "containerResource") {
    if (averageUtilization === undefined && averageValue === undefined)
      report.at("averageUtilization").required("must set either a target raw value or a target utilization");
    if (averageUtilization !== undefined && averageValue !== undefined)
      report.at("averageValue").forbidden("may not set both a target raw value and a target utilization");
  } else if (value === undefined && averageValue === undefined)
    report.at("averageValue").required("must set either a target value for metric or a per-pod target");
}

function checkRules(rules: ScalingRules, report: Report): void {
  const { stabilizationWindowSeconds: seconds, selectPolicy, policies = [] } = rules;
  const at = report.at("stabilizationWindowSeconds");
  if (seconds !== undefined && seconds < 0) at.invalid(seconds, "must be greater than or equal to zero");
  if (seconds !== undefined && seconds > LONGEST_WINDOW)
    at.invalid(seconds, `must be less than or equal to ${LONGEST_WINDOW}`);
  if (selectPolicy !== undefined) report.at("selectPolicy").oneOf(selectPolicy, ["Disabled", "Max", "Min"]);
  if (policies.length === 0) report.at("policies").required("must specify at least one Policy");
  policies.forEach(({ type, value = 0, periodSeconds = 0 }, index) => {
    const policy = report.at("policies").item(index);
    policy.at("type").oneOf(type, ["Percent", "Pods"]);
    if (value <= 0) policy.at("value").invalid(value, "must be greater than zero");
    if (periodSeconds <= 0) policy.at("periodSeconds").invalid(periodSeconds, "must be greater than zero");
    if (periodSeconds > LONGEST_PERIOD)
      policy.at("periodSeconds").invalid(periodSeconds, `must be less than or equal to ${LONGEST_PERIOD}`);
  });
}
