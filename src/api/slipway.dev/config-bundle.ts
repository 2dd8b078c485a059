/** slipway.dev/v1alpha1 ConfigBundle: files that are to be in a registry as an imgpkg bundle. */
import { s } from "#kit/schema/build.ts";
import { age, condition, defineResource, type ObjectOf } from "../define.ts";

export const ConfigBundle = defineResource({
  group: "slipway.dev",
  version: "v1alpha1",
  kind: "ConfigBundle",
  categories: ["slipway"],
  scope: "Namespaced",
  doc: "Keeps a tag of a registry at an imgpkg bundle of exactly the given files.",
  spec: s.object({
    image: s.string({ doc: "Where to push: host/repository:tag." }),
    serviceAccountName: s.optional(
      s.string({ doc: "Whose secrets open the registry. The platform's own registry needs none." }),
    ),
    files: s.map(s.string(), { doc: "Content by path below config/." }),
    images: s.optional(s.array(s.string(), { doc: "Images that the files name; those with a digest are locked." })),
    provenance: s.optional(s.map(s.string(), { doc: "Labels of the bundle." })),
  }),
  status: s.object({
    image: s.optional(s.string({ doc: "The bundle: host/repository:tag@sha256:…" })),
    digest: s.optional(s.string({ doc: "Digest of the bundle's manifest." })),
    inputs: s.optional(s.string({ doc: "Digest of the specification that it was made of." })),
    pushedAt: s.optional(s.string({ doc: "RFC 3339 with milliseconds." })),
    history: s.optional(
      s.array(s.object({ digest: s.string(), pushedAt: s.string(), provenance: s.optional(s.map(s.string())) }), {
        doc: "The newest bundles made for this object, oldest first.",
      }),
    ),
  }),
  conditions: ["Ready"],
  columns: { Image: ".spec.image", Digest: ".status.digest", Ready: condition("Ready"), Age: age },
});
export type ConfigBundle = ObjectOf<typeof ConfigBundle>;
