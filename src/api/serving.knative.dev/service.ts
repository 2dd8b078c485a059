/** Service: an application; owns a Configuration and a Route of the same name. */
import { defineResource, type ObjectOf } from "#api/define.ts";
import { s } from "#kit/schema/build.ts";
import { revisionTemplate } from "./template.ts";
import { address, annotations, readyColumns, trafficTarget } from "./traffic.ts";

export const Service = defineResource({
  group: "serving.knative.dev",
  version: "v1",
  kind: "Service",
  shortNames: ["kservice", "ksvc"],
  categories: ["all", "knative", "serving"],
  scope: "Namespaced",
  doc: "An application: what runs (template) and which of its revisions get requests (traffic).",
  spec: s.object({
    template: s.optional(revisionTemplate),
    traffic: s.optional(s.array(trafficTarget)),
  }),
  status: s.object({
    address: s.optional(address),
    annotations,
    latestCreatedRevisionName: s.optional(s.string()),
    latestReadyRevisionName: s.optional(s.string()),
    traffic: s.optional(s.array(trafficTarget)),
    url: s.optional(s.string()),
  }),
  conditions: ["Ready", "ConfigurationsReady", "RoutesReady"],
  columns: {
    URL: ".status.url",
    LatestCreated: ".status.latestCreatedRevisionName",
    LatestReady: ".status.latestReadyRevisionName",
    ...readyColumns,
  },
});
export type Service = ObjectOf<typeof Service>;
