/** Node.js: an application built by the Node.js buildpack listens on $PORT, 8080 unless its container names a port. */
import type { ImageDescription, InProcessConvention } from "../convention.ts";

const PORT = 8080;

export const nodejs: InProcessConvention = {
  name: "nodejs",
  doc: "Containers whose image the Node.js buildpack built get containerPort 8080 unless they name a port.",
  apply({ template, images }) {
    const applied = new Set<string>();
    const containers = (template.spec?.containers ?? []).map((container) => {
      if (!isNode(images.get(container.image ?? "")) || container.ports?.length) return container;
      applied.add("nodejs-port");
      return { ...container, ports: [{ containerPort: PORT, protocol: "TCP" }] };
    });
    return { template: { ...template, spec: { ...template.spec, containers } }, applied: [...applied] };
  },
};

type BuildMetadata = { buildpacks?: { id?: string }[] };

function isNode(image: ImageDescription | undefined): boolean {
  const label = image?.config.config?.Labels?.["io.buildpacks.build.metadata"];
  if (!label) return false;
  try {
    const { buildpacks = [] } = JSON.parse(label) as BuildMetadata;
    return buildpacks.some(({ id }) => id?.includes("nodejs"));
  } catch {
    return false;
  }
}
