/** Provenance: the pod says which source revision its image was built from, as the image itself records it. */
import type { InProcessConvention } from "../convention.ts";
import { withAnnotations } from "./edit.ts";
import { labelOf } from "./image-facts.ts";

type ProjectMetadata = {
  source?: { version?: { commit?: string }; metadata?: { repository?: string; revision?: string } };
};

export const provenance: InProcessConvention = {
  name: "provenance",
  doc: "Pods carry the source repository and revision that their first image was built from.",
  effects: [
    {
      name: "source-revision",
      when: "the first container's image has label `io.buildpacks.project.metadata` with a revision",
      sets: "annotations `slipway.dev/source-revision` and `slipway.dev/source-repository`",
    },
  ],
  apply({ template, images }) {
    const image = images.get(template.spec?.containers[0]?.image ?? "");
    const source = parse(labelOf(image, "io.buildpacks.project.metadata"))?.source;
    const revision = source?.metadata?.revision ?? source?.version?.commit;
    if (!revision) return { template, applied: [] };
    const annotations = {
      "slipway.dev/source-revision": revision,
      ...(source?.metadata?.repository && { "slipway.dev/source-repository": source.metadata.repository }),
    };
    return { template: withAnnotations(template, annotations), applied: ["source-revision"] };
  },
};

function parse(label: string | undefined): ProjectMetadata | undefined {
  try {
    return label ? (JSON.parse(label) as ProjectMetadata) : undefined;
  } catch {
    return undefined;
  }
}
