/** carto.run/v1alpha1 Deliverable: configuration that is to be delivered to this cluster. */
import { s } from "#kit/schema/build.ts";
import { defineResource, type ObjectOf } from "../define.ts";
import { blueprintRef, ownerParams, readiness, resourceStatuses, source } from "./shared.ts";

export const Deliverable = defineResource({
  group: "carto.run",
  version: "v1alpha1",
  kind: "Deliverable",
  shortNames: ["dlv"],
  categories: ["all"],
  scope: "Namespaced",
  doc: "Configuration and where it is; a ClusterDelivery takes it from there.",
  spec: s.object({
    params: s.optional(ownerParams),
    source: s.optional(source),
    serviceAccountName: s.optional(s.string()),
  }),
  status: s.object({ deliveryRef: s.optional(blueprintRef), resources: s.optional(resourceStatuses) }),
  conditions: ["Ready", "DeliveryReady", "ResourcesSubmitted", "ResourcesHealthy"],
  columns: { Source: ".spec.source['git.url','image']", Delivery: ".status.deliveryRef.name", ...readiness },
});
export type Deliverable = ObjectOf<typeof Deliverable>;
