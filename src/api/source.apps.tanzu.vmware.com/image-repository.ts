/** source.apps.tanzu.vmware.com/v1alpha1 ImageRepository: source code that was pushed as an image, kept as an artifact. */
import { s } from "#kit/schema/build.ts";
import { age, condition, defineResource, type ObjectOf, reason } from "../define.ts";

const artifact = s.object({
  checksum: s.optional(s.string()),
  lastUpdateTime: s.optional(s.time()),
  path: s.string(),
  revision: s.optional(s.string({ doc: "The image that the source comes from, with its digest." })),
  url: s.string({ doc: "Where the artifact can be downloaded as a .tar.gz." }),
});

export const ImageRepository = defineResource({
  group: "source.apps.tanzu.vmware.com",
  version: "v1alpha1",
  kind: "ImageRepository",
  plural: "imagerepositories",
  scope: "Namespaced",
  doc: "An image that holds source code; its newest version is kept as an artifact.",
  spec: s.object({
    image: s.string({ doc: "Reference of the image, by tag to follow it or by digest." }),
    imagePullSecrets: s.optional(s.array(s.object({ name: s.optional(s.string()) }))),
    interval: s.optional(s.string({ doc: "How often the tag is looked up, e.g. 5m." })),
    serviceAccountName: s.optional(s.string()),
  }),
  status: s.object({ artifact: s.optional(artifact), url: s.optional(s.string()) }),
  conditions: ["Ready", "ImageResolved", "ArtifactAvailable"],
  columns: {
    Image: ".spec.image",
    URL: ".status.artifact.url",
    Ready: condition("Ready"),
    Reason: reason("Ready"),
    Age: age,
  },
});
export type ImageRepository = ObjectOf<typeof ImageRepository>;
