/** argoproj.io/v1alpha1 AppProject: what its Applications may deploy, from where and to where. */
import { s } from "#kit/schema/build.ts";
import { defineResource, type ObjectOf } from "../define.ts";
import { destination } from "./source.ts";

const groupKinds = s.array(s.object({ group: s.string(), kind: s.string() }));
const namedGroupKinds = s.array(s.object({ group: s.string(), kind: s.string(), name: s.optional(s.string()) }));

export const AppProject = defineResource({
  group: "argoproj.io",
  version: "v1alpha1",
  kind: "AppProject",
  shortNames: ["appproj", "appprojs"],
  scope: "Namespaced",
  doc: "What its Applications may deploy, from where and to where.",
  spec: s.open(
    s.object({
      description: s.optional(s.string()),
      sourceRepos: s.optional(s.array(s.string())),
      destinations: s.optional(s.array(destination)),
      sourceNamespaces: s.optional(s.array(s.string())),
      destinationServiceAccounts: s.optional(
        s.array(
          s.object({
            server: s.string(),
            namespace: s.optional(s.string()),
            defaultServiceAccount: s.string(),
          }),
        ),
      ),
      clusterResourceWhitelist: s.optional(namedGroupKinds),
      clusterResourceBlacklist: s.optional(namedGroupKinds),
      namespaceResourceWhitelist: s.optional(groupKinds),
      namespaceResourceBlacklist: s.optional(groupKinds),
    }),
  ),
  status: s.object({ jwtTokensByRole: s.optional(s.anyObject()) }),
  conditions: [],
  statusSubresource: false,
});
export type AppProject = ObjectOf<typeof AppProject>;
