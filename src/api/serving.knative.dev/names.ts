/** Well-known label and annotation keys of Knative Serving, and ours beside them. */

export const LABELS = {
  configuration: "serving.knative.dev/configuration",
  configurationGeneration: "serving.knative.dev/configurationGeneration",
  configurationUid: "serving.knative.dev/configurationUID",
  revision: "serving.knative.dev/revision",
  revisionUid: "serving.knative.dev/revisionUID",
  route: "serving.knative.dev/route",
  routeNamespace: "serving.knative.dev/routeNamespace",
  routingState: "serving.knative.dev/routingState",
  service: "serving.knative.dev/service",
  serviceUid: "serving.knative.dev/serviceUID",
  visibility: "networking.knative.dev/visibility",
  app: "app",
} as const;

export const ANNOTATIONS = {
  creator: "serving.knative.dev/creator",
  lastModifier: "serving.knative.dev/lastModifier",
  routes: "serving.knative.dev/routes",
  routingStateModified: "serving.knative.dev/routingStateModified",
  progressDeadline: "serving.knative.dev/progress-deadline",
  rolloutDuration: "serving.knative.dev/rollout-duration",
  noGc: "serving.knative.dev/no-gc",
  ingressClass: "networking.knative.dev/ingress.class",
  lastApplied: "kubectl.kubernetes.io/last-applied-configuration",
  /** When a revision first got traffic, RFC 3339 with milliseconds. */
  routedAt: "slipway.dev/routed-at",
} as const;

/** Whether a revision is referenced by a route: not yet, now, or no longer. */
export type RoutingState = "pending" | "active" | "reserve";

/** Prefix of the annotations that steer the autoscaler. */
export const AUTOSCALING_PREFIX = "autoscaling.knative.dev/";
