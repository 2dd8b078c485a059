/** Revision: one immutable version of an application. */
import { defineResource, type ObjectOf } from "#api/define.ts";
import { s } from "#kit/schema/build.ts";
import { revisionSpec } from "./template.ts";
import { annotations, readyColumns } from "./traffic.ts";

const containerStatus = s.object({ name: s.optional(s.string()), imageDigest: s.optional(s.string()) });

export const Revision = defineResource({
  group: "serving.knative.dev",
  version: "v1",
  kind: "Revision",
  shortNames: ["rev"],
  categories: ["all", "knative", "serving"],
  scope: "Namespaced",
  doc: "One immutable version of an application, scaled by its requests.",
  spec: revisionSpec,
  status: s.object({
    annotations,
    actualReplicas: s.optional(s.int()),
    desiredReplicas: s.optional(s.int()),
    containerStatuses: s.optional(s.array(containerStatus)),
    initContainerStatuses: s.optional(s.array(containerStatus)),
    logUrl: s.optional(s.string()),
  }),
  conditions: ["Ready", "ContainerHealthy", "ResourcesAvailable"],
  columns: {
    "Config Name": ".metadata.labels['serving\\.knative\\.dev/configuration']",
    Generation: ".metadata.labels['serving\\.knative\\.dev/configurationGeneration']",
    ...readyColumns,
    "Actual Replicas": { type: "integer", jsonPath: ".status.actualReplicas" },
    "Desired Replicas": { type: "integer", jsonPath: ".status.desiredReplicas" },
  },
});
export type Revision = ObjectOf<typeof Revision>;
