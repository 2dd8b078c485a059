/** What a LimitRange fills in for containers that do not say what they need. */
import type { Container, LimitRange, Pod } from "#api/builtin/types.gen.ts";
import type { Mutable } from "#kit/json.ts";

const ANNOTATION = "kubernetes.io/limit-ranger";

/** Sets the default requests and limits of the pod's containers, and tells in an annotation what was set. */
export function applyDefaults(pod: Mutable<Pod>, { spec }: LimitRange): void {
  const limits = (spec?.limits ?? []).filter(({ type }) => type === "Container");
  const requested = Object.assign({}, ...limits.map(({ defaultRequest }) => defaultRequest)) as Amounts;
  const limited = Object.assign({}, ...limits.map((limit) => limit.default)) as Amounts;
  const fill = (container: Mutable<Container>, title: string): string[] => {
    container.resources ??= {};
    const setLimits = missing(container.resources.limits, limited);
    const setRequests = missing(container.resources.requests, requested);
    if (Object.keys(setLimits).length > 0) container.resources.limits = { ...container.resources.limits, ...setLimits };
    if (Object.keys(setRequests).length > 0)
      container.resources.requests = { ...container.resources.requests, ...setRequests };
    return [
      report(setRequests, `request for ${title} ${container.name}`),
      report(setLimits, `limit for ${title} ${container.name}`),
    ].flat();
  };
  const reports = [
    ...(pod.spec.containers ?? []).flatMap((container) => fill(container, "container")),
    ...(pod.spec.initContainers ?? []).flatMap((container) => fill(container, "init container")),
  ];
  if (reports.length === 0) return;
  pod.metadata.annotations = {
    ...pod.metadata.annotations,
    [ANNOTATION]: `LimitRanger plugin set: ${reports.join("; ")}`,
  };
}

type Amounts = Record<string, string>;

function missing(given: Readonly<Amounts> | undefined, defaults: Amounts): Amounts {
  return Object.fromEntries(Object.entries(defaults).filter(([name]) => given?.[name] === undefined));
}

function report(set: Amounts, what: string): string[] {
  const names = Object.keys(set).sort();
  return names.length > 0 ? [`${names.join(", ")} ${what}`] : [];
}
