/** A Service's traffic as its Route gets it. Pure. */
import type { TrafficTarget } from "#api/serving.knative.dev/index.ts";

/** Targets that follow the latest revision name the Service's own Configuration; none at all means all to the latest. */
export function routeTraffic(service: string, traffic: readonly TrafficTarget[] | undefined): TrafficTarget[] {
  const targets = traffic?.length ? traffic : [{ latestRevision: true, percent: 100 }];
  return targets.map(({ url: _url, ...target }) =>
    target.revisionName
      ? { ...target, latestRevision: false }
      : { ...target, configurationName: target.configurationName ?? service, latestRevision: true },
  );
}

/** The Route's targets as a Service shows them: without the name of its own Configuration. */
export function serviceTraffic(traffic: readonly TrafficTarget[] | undefined): TrafficTarget[] | undefined {
  return traffic?.map(({ configurationName: _configuration, ...target }) => target);
}
