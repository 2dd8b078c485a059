/** slipway.dev/v1alpha1 ConfigCommit: files that are to be in a directory of a Git repository. */
import { s } from "#kit/schema/build.ts";
import { age, condition, defineResource, type ObjectOf } from "../define.ts";

export const ConfigCommit = defineResource({
  group: "slipway.dev",
  version: "v1alpha1",
  kind: "ConfigCommit",
  categories: ["slipway"],
  scope: "Namespaced",
  doc: "Keeps a directory of a Git repository at exactly the given files, with one commit per change.",
  spec: s.object(
    {
      repository: s.object({
        url: s.string({ doc: "Where to commit." }),
        branch: s.defaulted(s.string(), "main"),
        secretRef: s.optional(
          s.object({ name: s.string() }, [], {
            doc: "username and password, bearerToken, or identity (or ssh-privatekey) and known_hosts; caFile for HTTPS.",
          }),
        ),
      }),
      serviceAccountName: s.optional(
        s.string({ doc: "Without secretRef: whose Secrets are looked at for one annotated `tekton.dev/git-0: HOST`." }),
      ),
      path: s.string({ doc: "The directory whose whole content the files replace." }),
      files: s.optional(s.map(s.string(), { doc: "Content by path relative to the directory." })),
      configMapRef: s.optional(s.object({ name: s.string() })),
      message: s.optional(s.string()),
      author: s.optional(s.object({ name: s.string(), email: s.string() })),
      provenance: s.optional(s.map(s.string(), { doc: "Trailers of the commit message." })),
    },
    [{ cel: "has(self.files) != has(self.configMapRef)", message: "give exactly one of files and configMapRef" }],
  ),
  status: s.object({
    commit: s.optional(s.string({ doc: "The commit that gave the directory its content." })),
    revision: s.optional(s.string()),
    digest: s.optional(s.string({ doc: "Digest of the files." })),
    committedAt: s.optional(s.string({ doc: "RFC 3339 with milliseconds." })),
    previousCommit: s.optional(s.string({ doc: "The branch's tip before the commit." })),
    history: s.optional(
      s.array(s.object({ commit: s.string(), committedAt: s.string(), provenance: s.optional(s.map(s.string())) }), {
        doc: "The newest commits made for this object, oldest first.",
      }),
    ),
    target: s.optional(s.object({ url: s.string(), branch: s.string(), path: s.string() })),
  }),
  conditions: ["Ready"],
  columns: {
    Repository: ".spec.repository.url",
    Path: ".spec.path",
    Commit: ".status.commit",
    Ready: condition("Ready"),
    Age: age,
  },
});
export type ConfigCommit = ObjectOf<typeof ConfigCommit>;
