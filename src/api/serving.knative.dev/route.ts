/** Route: a URL and how its requests are split over revisions. */
import { defineResource, type ObjectOf } from "#api/define.ts";
import { s } from "#kit/schema/build.ts";
import { address, annotations, readyColumns, trafficTarget } from "./traffic.ts";

export const Route = defineResource({
  group: "serving.knative.dev",
  version: "v1",
  kind: "Route",
  shortNames: ["rt"],
  categories: ["all", "knative", "serving"],
  scope: "Namespaced",
  doc: "A URL, and how its requests are split over revisions.",
  spec: s.object({ traffic: s.optional(s.array(trafficTarget)) }),
  status: s.object({
    address: s.optional(address),
    annotations,
    traffic: s.optional(s.array(trafficTarget)),
    url: s.optional(s.string()),
  }),
  conditions: ["Ready", "AllTrafficAssigned", "CertificateProvisioned", "IngressReady"],
  columns: { URL: ".status.url", ...readyColumns },
});
export type Route = ObjectOf<typeof Route>;
