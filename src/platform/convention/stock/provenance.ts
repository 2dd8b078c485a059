/** Provenance: the pod says which source revision its image was built from, as the image itself records it. */
import type { InProcessConvention } from "../convention.ts";

type ProjectMetadata = {
  source?: { version?: { commit?: string }; metadata?: { repository?: string; revision?: string } };
};

export const provenance: InProcessConvention = {
  name: "provenance",
  doc: "Pods carry the source repository and revision that their first image was built from, as annotations.",
  apply({ template, images }) {
    const image = images.get(template.spec?.containers[0]?.image ?? "");
    const source = parse(image?.config.config?.Labels?.["io.buildpacks.project.metadata"])?.source;
    const revision = source?.metadata?.revision ?? source?.version?.commit;
    if (!revision) return { template, applied: [] };
    const annotations = {
      ...template.metadata?.annotations,
      "slipway.dev/source-revision": revision,
      ...(source?.metadata?.repository && { "slipway.dev/source-repository": source.metadata.repository }),
    };
    return {
      template: { ...template, metadata: { ...template.metadata, annotations } as never },
      applied: ["source-revision"],
    };
  },
};

function parse(label: string | undefined): ProjectMetadata | undefined {
  try {
    return label ? (JSON.parse(label) as ProjectMetadata) : undefined;
  } catch {
    return undefined;
  }
}
