/** What a revision says about its routes: labels and annotations that change when one comes or goes. Pure. */
import { ANNOTATIONS, LABELS, type Revision, type RoutingState } from "#api/serving.knative.dev/index.ts";

type Patch = { metadata: { labels: Record<string, string>; annotations: Record<string, string | null> } };

function routesOf({ metadata }: Revision): Set<string> {
  return new Set((metadata.annotations?.[ANNOTATIONS.routes] ?? "").split(",").filter(Boolean));
}

/** The merge patch for a revision that `route` now sends requests to; undefined when it says so already. */
export function routed(revision: Revision, route: string, now: Date): Patch | undefined {
  return change(revision, routesOf(revision).add(route), now);
}

/** The merge patch for a revision that `route` no longer sends requests to. */
export function unrouted(revision: Revision, route: string, now: Date): Patch | undefined {
  const routes = routesOf(revision);
  routes.delete(route);
  return change(revision, routes, now);
}

function change(revision: Revision, routes: ReadonlySet<string>, now: Date): Patch | undefined {
  const { labels, annotations } = revision.metadata;
  const state: RoutingState = routes.size > 0 ? "active" : "reserve";
  const list = [...routes].sort().join(",");
  const moved = labels?.[LABELS.routingState] !== state;
  if (!moved && (annotations?.[ANNOTATIONS.routes] ?? "") === list) return undefined;
  const first = state === "active" && !annotations?.[ANNOTATIONS.routedAt];
  return {
    metadata: {
      labels: { [LABELS.routingState]: state },
      annotations: {
        [ANNOTATIONS.routes]: list || null,
        ...(moved && { [ANNOTATIONS.routingStateModified]: now.toISOString().replace(/\.\d+Z$/, "Z") }),
        ...(first && { [ANNOTATIONS.routedAt]: now.toISOString() }),
      },
    },
  };
}
