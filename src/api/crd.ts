/** From a declared kind to its apiextensions.k8s.io/v1 CustomResourceDefinition. */
import { definitionSchema } from "#kit/schema/legal/definition-schema.ts";
import type { Resource } from "./define.ts";

/** The CustomResourceDefinition of a declared kind, ready to apply to any cluster. */
export function toCustomResourceDefinition(resource: Resource) {
  const { group, plural, singular, kind, listKind, shortNames, categories } = resource;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: {
        plural,
        singular,
        kind,
        listKind,
        ...(shortNames.length > 0 && { shortNames: [...shortNames] }),
        ...(categories.length > 0 && { categories: [...categories] }),
      },
      scope: resource.scope === "Cluster" ? "Cluster" : "Namespaced",
      versions: [versionOf(resource)],
    },
  };
}

function versionOf(resource: Resource) {
  const { statusSubresource, scale } = resource;
  const subresources = { ...(statusSubresource && { status: {} }), ...(scale && { scale }) };
  return {
    name: resource.version,
    served: true,
    storage: true,
    schema: { openAPIV3Schema: definitionSchema(resource.schema) },
    ...(Object.keys(subresources).length > 0 && { subresources }),
    ...(resource.columns.length > 0 && { additionalPrinterColumns: [...resource.columns] }),
  };
}
