/** Fields that Argo CD's kinds share: sources, operations, results. */
import { s } from "#kit/schema/build.ts";

export const source = s.open(
  s.object({
    repoURL: s.string(),
    path: s.optional(s.string()),
    targetRevision: s.optional(s.string()),
    chart: s.optional(s.string()),
    ref: s.optional(s.string()),
    name: s.optional(s.string()),
    helm: s.optional(s.anyObject()),
    kustomize: s.optional(s.anyObject()),
    plugin: s.optional(s.anyObject()),
    directory: s.optional(
      s.object({
        recurse: s.optional(s.boolean()),
        include: s.optional(s.string()),
        exclude: s.optional(s.string()),
        disableExtensionFilter: s.optional(s.boolean()),
        jsonnet: s.optional(s.anyObject()),
      }),
    ),
  }),
);

export const destination = s.object({
  name: s.optional(s.string()),
  namespace: s.optional(s.string()),
  server: s.optional(s.string()),
});

export const retry = s.object({
  limit: s.optional(s.int()),
  refresh: s.optional(s.boolean()),
  backoff: s.optional(
    s.object({
      duration: s.optional(s.string()),
      factor: s.optional(s.int()),
      maxDuration: s.optional(s.string()),
    }),
  ),
});

export const initiatedBy = s.object({ automated: s.optional(s.boolean()), username: s.optional(s.string()) });

const nameValue = s.object({ name: s.string(), value: s.string() });
export const nameValues = s.array(nameValue);

export const operation = s.object({
  info: s.optional(nameValues),
  initiatedBy: s.optional(initiatedBy),
  retry: s.optional(retry),
  sync: s.optional(
    s.object({
      autoHealAttemptsCount: s.optional(s.int()),
      dryRun: s.optional(s.boolean()),
      manifests: s.optional(s.array(s.string())),
      prune: s.optional(s.boolean()),
      resources: s.optional(
        s.array(
          s.object({
            group: s.optional(s.string()),
            kind: s.string(),
            name: s.string(),
            namespace: s.optional(s.string()),
          }),
        ),
      ),
      revision: s.optional(s.string()),
      revisions: s.optional(s.array(s.string())),
      source: s.optional(source),
      sources: s.optional(s.array(source)),
      syncOptions: s.optional(s.array(s.string())),
      syncStrategy: s.optional(s.anyObject()),
    }),
  ),
});

const resourceResult = s.object({
  group: s.string(),
  version: s.string(),
  kind: s.string(),
  namespace: s.string(),
  name: s.string(),
  status: s.optional(s.string()),
  message: s.optional(s.string()),
  hookType: s.optional(s.string()),
  hookPhase: s.optional(s.string()),
  syncPhase: s.optional(s.string()),
  images: s.optional(s.array(s.string())),
});

export const namespaceMetadata = s.object({
  labels: s.optional(s.map(s.string())),
  annotations: s.optional(s.map(s.string())),
});

export const operationState = s.object({
  phase: s.string(),
  message: s.optional(s.string()),
  operation,
  startedAt: s.time(),
  finishedAt: s.optional(s.time()),
  retryCount: s.optional(s.int()),
  syncResult: s.optional(
    s.object({
      revision: s.string(),
      revisions: s.optional(s.array(s.string())),
      source: s.optional(source),
      sources: s.optional(s.array(source)),
      managedNamespaceMetadata: s.optional(namespaceMetadata),
      resources: s.optional(s.array(resourceResult)),
    }),
  ),
});

export const health = s.object({
  status: s.optional(s.string()),
  message: s.optional(s.string()),
  lastTransitionTime: s.optional(s.time()),
});
