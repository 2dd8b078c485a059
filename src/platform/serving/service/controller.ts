import { ANNOTATIONS, Configuration, LABELS, Route, Service } from "#api/serving.knative.dev/index.ts";
import { type Context, type Controller, controller } from "#engine/controller/controller.ts";
import type { Outcome } from "#engine/controller/outcome.ts";
import type { Draft } from "#ports/kube/client.ts";
import { failed, rollUp, unknown, type Verdict, verdictOf } from "../conditions.ts";
import { inheritedAnnotations, isForeign, without } from "../metadata.ts";
import { describe, validateService } from "../validate.ts";
import { routeTraffic, serviceTraffic } from "./traffic.ts";

type Status = NonNullable<Service["status"]>;

const OUT_OF_DATE = { reason: "OutOfDate", text: "is still reconciling" };

/** Reconciles Services. */
export function serviceController(): Controller<Service> {
  return controller<Service>({
    name: "serving/service",
    for: Service,
    owns: [Configuration, Route],
    async reconcile(service, context) {
      const { name, namespace } = service.metadata;
      const [before, route] = [
        await context.get(Configuration, name, namespace),
        await context.get(Route, name, namespace),
      ];
      const problems = validateService(service);
      if (problems.length > 0) return rejected(describe(problems), before);
      if (isForeign(before, service)) return notOwned("ConfigurationsReady", "Configuration", name);
      if (isForeign(route, service)) return notOwned("RoutesReady", "Route", name);
      const configuration = await context.apply(Configuration, configurationOf(service));
      return report(configuration, await applyRoute(service, context));
    },
  });
}

async function applyRoute(service: Service, context: Context): Promise<Route> {
  return await context.apply(Route, routeOf(service));
}

function childMetadata(service: Service): { labels: Record<string, string>; annotations: Record<string, string> } {
  const { name, uid = "", labels } = service.metadata;
  return {
    labels: { ...labels, [LABELS.service]: name, [LABELS.serviceUid]: uid },
    annotations: inheritedAnnotations(service.metadata),
  };
}

function configurationOf(service: Service): Draft<Configuration> {
  const { labels, annotations } = childMetadata(service);
  const { name, namespace } = service.metadata;
  const { template } = service.spec;
  return {
    metadata: {
      name,
      ...(namespace && { namespace }),
      labels: without(labels, [LABELS.visibility]),
      annotations: without(annotations, [ANNOTATIONS.rolloutDuration]),
    },
    spec: { ...(template && { template }) },
  };
}

function routeOf(service: Service): Draft<Route> {
  const { name, namespace } = service.metadata;
  return {
    metadata: { name, ...(namespace && { namespace }), ...childMetadata(service) },
    spec: { traffic: routeTraffic(name, service.spec.traffic) },
  };
}

/** What is wrong with the spec. The children stay as they are: what was served is served on. */
function rejected(message: string, configuration: Configuration | undefined): Outcome<Status> {
  const routes = configuration ? {} : { RoutesReady: unknown() };
  return rollUp<Status>({ ConfigurationsReady: failed("ValidationFailed", message), ...routes });
}

function notOwned(condition: string, kind: string, name: string): Outcome<Status> {
  const other = condition === "RoutesReady" ? "ConfigurationsReady" : "RoutesReady";
  const message = `There is an existing ${kind} "${name}" that we do not own.`;
  return rollUp<Status>({ [condition]: failed("NotOwned", message), [other]: unknown() });
}

function outOfDate(kind: string, name: string): Verdict {
  return unknown(OUT_OF_DATE.reason, `${kind} "${name}" ${OUT_OF_DATE.text}.`);
}

function report(configuration: Configuration, route: Route): Outcome<Status> {
  const { name } = configuration.metadata;
  const { latestCreatedRevisionName, latestReadyRevisionName } = configuration.status ?? {};
  const { url, address, traffic } = route.status ?? {};
  return rollUp<Status>(
    {
      ConfigurationsReady: verdictOf(configuration, outOfDate("Configuration", name)),
      RoutesReady: routeVerdict(route, latestReadyRevisionName),
    },
    {
      status: {
        latestCreatedRevisionName,
        latestReadyRevisionName,
        url,
        address,
        traffic: serviceTraffic(traffic),
      },
    },
  );
}

/** A Route that is ready but still sends the latest traffic to the revision before is not done yet. */
function routeVerdict(route: Route, latestReady: string | undefined): Verdict {
  const verdict = verdictOf(route, outOfDate("Route", route.metadata.name));
  const stale = route.status?.traffic?.some(
    ({ latestRevision, revisionName }) => latestRevision && revisionName !== latestReady,
  );
  return verdict.status === "True" && stale
    ? unknown("TrafficNotMigrated", "Traffic is not yet migrated to the latest revision.")
    : verdict;
}
