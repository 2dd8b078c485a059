/** Knative Serving: from an application to revisions, replicas and routes. */
import type { Controller } from "#engine/controller/controller.ts";
import { autoscalerController } from "./autoscaler/controller.ts";
import type { TrafficPort } from "./autoscaler/traffic-port.ts";
import { configurationController } from "./configuration/controller.ts";
import { DEFAULT_GC, type GcSettings } from "./configuration/gc.ts";
import { revisionController } from "./revision/controller.ts";
import { routeController } from "./route/controller.ts";
import { serviceController } from "./service/controller.ts";

export type { RevisionStats, TrafficPort } from "./autoscaler/traffic-port.ts";
export type { GcSettings } from "./configuration/gc.ts";

/** Class of the Ingresses that routes make, unless another is chosen. */
const INGRESS_CLASS = "slipway.ingress.networking.knative.dev";

export type ServingOptions = {
  /** The URL of a route from outside, e.g. `http://hello.default.apps.localhost:7480`. */
  url: (name: string, namespace: string) => string;
  /** Whoever forwards the requests. */
  traffic: TrafficPort;
  ingressClass?: string;
  gc?: GcSettings;
  clock?: () => Date;
};

/** Services, Configurations, Revisions, Routes and the autoscaler. */
export function servingControllers(options: ServingOptions): Controller<never>[] {
  const { url, traffic, ingressClass = INGRESS_CLASS, gc = DEFAULT_GC, clock } = options;
  return [
    serviceController(),
    configurationController(gc),
    revisionController(),
    routeController({ url, ingressClass }),
    autoscalerController({ traffic, ...(clock && { clock }) }),
  ] as unknown as Controller<never>[];
}
