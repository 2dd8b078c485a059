/** argoproj.io/v1alpha1 Application: keeps a cluster at what a directory of a Git repository says. */
import { s } from "#kit/schema/build.ts";
import { defineResource, type ObjectOf } from "../define.ts";
import {
  destination,
  health,
  initiatedBy,
  namespaceMetadata,
  nameValues,
  operation,
  operationState,
  retry,
  source,
} from "./source.ts";

const spec = s.object({
  project: s.string(),
  source: s.optional(source),
  sources: s.optional(s.array(source)),
  sourceHydrator: s.optional(s.anyObject()),
  destination,
  syncPolicy: s.optional(
    s.object({
      automated: s.optional(
        s.object({
          prune: s.optional(s.boolean()),
          selfHeal: s.optional(s.boolean()),
          allowEmpty: s.optional(s.boolean()),
          enabled: s.optional(s.boolean()),
        }),
      ),
      syncOptions: s.optional(s.array(s.string())),
      retry: s.optional(retry),
      managedNamespaceMetadata: s.optional(namespaceMetadata),
    }),
  ),
  ignoreDifferences: s.optional(
    s.array(
      s.object({
        group: s.optional(s.string()),
        kind: s.string(),
        name: s.optional(s.string()),
        namespace: s.optional(s.string()),
        jsonPointers: s.optional(s.array(s.string())),
        jqPathExpressions: s.optional(s.array(s.string())),
        managedFieldsManagers: s.optional(s.array(s.string())),
      }),
    ),
  ),
  info: s.optional(nameValues),
  revisionHistoryLimit: s.optional(s.int()),
});

const resourceStatus = s.object({
  group: s.optional(s.string()),
  version: s.optional(s.string()),
  kind: s.optional(s.string()),
  namespace: s.optional(s.string()),
  name: s.optional(s.string()),
  status: s.optional(s.string()),
  health: s.optional(health),
  hook: s.optional(s.boolean()),
  requiresPruning: s.optional(s.boolean()),
  requiresDeletionConfirmation: s.optional(s.boolean()),
  syncWave: s.optional(s.int()),
});

const treeNode = s.object({
  group: s.optional(s.string()),
  version: s.string(),
  kind: s.string(),
  namespace: s.optional(s.string()),
  name: s.string(),
  uid: s.optional(s.string()),
  parentUid: s.optional(s.string()),
  health: s.optional(health),
});

const status = s.object({
  sync: s.optional(
    s.object({
      status: s.string(),
      revision: s.optional(s.string()),
      revisions: s.optional(s.array(s.string())),
      comparedTo: s.optional(s.open(s.object({ source: s.optional(source), destination: s.optional(destination) }))),
    }),
  ),
  health: s.optional(health),
  resources: s.optional(s.array(resourceStatus)),
  operationState: s.optional(operationState),
  history: s.optional(
    s.array(
      s.object({
        id: s.int(),
        revision: s.optional(s.string()),
        revisions: s.optional(s.array(s.string())),
        source: s.optional(source),
        sources: s.optional(s.array(source)),
        deployStartedAt: s.optional(s.time()),
        deployedAt: s.time(),
        initiatedBy: s.optional(initiatedBy),
      }),
    ),
  ),
  conditions: s.optional(
    s.array(s.object({ type: s.string(), message: s.string(), lastTransitionTime: s.optional(s.time()) })),
  ),
  reconciledAt: s.optional(s.time()),
  observedAt: s.optional(s.time()),
  sourceType: s.optional(s.string()),
  sourceTypes: s.optional(s.array(s.string())),
  controllerNamespace: s.optional(s.string()),
  resourceHealthSource: s.optional(s.string()),
  summary: s.optional(
    s.object({
      images: s.optional(s.array(s.string())),
      externalURLs: s.optional(s.array(s.string())),
      isAppOfApps: s.optional(s.boolean()),
    }),
  ),
  sourceHydrator: s.optional(s.anyObject()),
  tree: s.optional(
    s.array(treeNode, {
      doc: "Slipway's addition: the live objects that managed resources brought about, by owner references.",
    }),
  ),
});

export const Application = defineResource({
  group: "argoproj.io",
  version: "v1alpha1",
  kind: "Application",
  shortNames: ["app", "apps"],
  scope: "Namespaced",
  doc: "Keeps a cluster at what a directory of a Git repository says.",
  spec,
  status,
  fields: { operation: s.optional(operation) },
  conditions: [],
  statusSubresource: false,
  columns: {
    "Sync Status": ".status.sync.status",
    "Health Status": ".status.health.status",
    Revision: { type: "string", jsonPath: ".status.sync.revision", priority: 10 },
    Project: { type: "string", jsonPath: ".spec.project", priority: 10 },
  },
});
export type Application = ObjectOf<typeof Application>;
