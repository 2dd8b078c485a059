/** Configuration: the latest state of a template; every change of it makes a Revision. */
import { defineResource, type ObjectOf } from "#api/define.ts";
import { s } from "#kit/schema/build.ts";
import { revisionTemplate } from "./template.ts";
import { annotations, readyColumns } from "./traffic.ts";

export const Configuration = defineResource({
  group: "serving.knative.dev",
  version: "v1",
  kind: "Configuration",
  shortNames: ["config", "cfg"],
  categories: ["all", "knative", "serving"],
  scope: "Namespaced",
  doc: "The latest wanted state of a template; every change of it makes a new Revision.",
  spec: s.object({ template: s.optional(revisionTemplate) }),
  status: s.object({
    annotations,
    latestCreatedRevisionName: s.optional(s.string()),
    latestReadyRevisionName: s.optional(s.string()),
  }),
  conditions: ["Ready"],
  columns: {
    LatestCreated: ".status.latestCreatedRevisionName",
    LatestReady: ".status.latestReadyRevisionName",
    ...readyColumns,
  },
});
export type Configuration = ObjectOf<typeof Configuration>;
