/** source.toolkit.fluxcd.io/v1 GitRepository: a commit of a Git repository, kept as an artifact. */
import { s } from "#kit/schema/build.ts";
import { age, condition, defineResource, type ObjectOf } from "../define.ts";

const localRef = s.object({ name: s.string() });

const artifact = s.object({
  digest: s.string({ doc: "Digest of the artifact; under it the content is in the blob store." }),
  lastUpdateTime: s.time(),
  metadata: s.optional(s.map(s.string())),
  path: s.string(),
  revision: s.string({ doc: "The pinned commit, e.g. main@sha1:<commit>." }),
  size: s.optional(s.int()),
  url: s.string({ doc: "Where the artifact can be downloaded as a .tar.gz." }),
});

const include = s.object({
  fromPath: s.optional(s.string()),
  repository: localRef,
  toPath: s.optional(s.string()),
});

export const GitRepository = defineResource({
  group: "source.toolkit.fluxcd.io",
  version: "v1",
  olderVersions: ["v1beta2", "v1beta1"],
  kind: "GitRepository",
  plural: "gitrepositories",
  shortNames: ["gitrepo"],
  categories: ["all", "fluxcd", "fluxcd-sources"],
  scope: "Namespaced",
  doc: "A Git repository whose newest commit is kept as an artifact.",
  spec: s.object({
    // Of older versions, and without meaning since: there is one implementation.
    gitImplementation: s.optional(s.oneOf("go-git", "libgit2")),
    ignore: s.optional(s.string({ doc: "Patterns as in .gitignore: files that stay out of the artifact." })),
    include: s.optional(s.array(include)),
    interval: s.string({ pattern: "^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$" }),
    provider: s.optional(s.oneOf("generic", "aws", "azure", "github")),
    proxySecretRef: s.optional(localRef),
    recurseSubmodules: s.optional(s.boolean()),
    ref: s.optional(
      s.object({
        branch: s.optional(s.string()),
        commit: s.optional(s.string()),
        name: s.optional(s.string()),
        semver: s.optional(s.string()),
        tag: s.optional(s.string()),
      }),
    ),
    secretRef: s.optional(localRef),
    serviceAccountName: s.optional(s.string()),
    sparseCheckout: s.optional(s.array(s.string())),
    suspend: s.optional(s.boolean()),
    timeout: s.defaulted(s.string({ pattern: "^([0-9]+(\\.[0-9]+)?(ms|s|m))+$" }), "60s"),
    url: s.string({ pattern: "^(http|https|ssh)://.*$" }),
    verify: s.optional(
      s.object({ mode: s.defaulted(s.oneOf("head", "HEAD", "Tag", "TagAndHEAD"), "HEAD"), secretRef: localRef }),
    ),
  }),
  status: s.object({
    artifact: s.optional(artifact),
    includedArtifacts: s.optional(s.array(artifact)),
    lastHandledReconcileAt: s.optional(s.string()),
    observedIgnore: s.optional(s.string()),
    observedInclude: s.optional(s.array(include)),
    observedRecurseSubmodules: s.optional(s.boolean()),
    observedSparseCheckout: s.optional(s.array(s.string())),
    sourceVerificationMode: s.optional(s.string()),
  }),
  conditions: ["Ready", "ArtifactInStorage"],
  columns: {
    URL: ".spec.url",
    Age: age,
    Ready: condition("Ready"),
    Status: '.status.conditions[?(@.type=="Ready")].message',
  },
});
export type GitRepository = ObjectOf<typeof GitRepository>;
