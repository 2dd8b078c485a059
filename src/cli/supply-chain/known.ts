/** What supply chains and deliveries may refer to besides the files given: the catalog of this program, or what a cluster has. */
import { ClusterDelivery } from "#api/carto.run/delivery.ts";
import { ClusterSupplyChain } from "#api/carto.run/supply-chain.ts";
import { TEMPLATE_KINDS } from "#api/carto.run/templates.ts";
import type { ResourceRef, Unstructured } from "#api/meta.ts";
import { catalog } from "#platform/supply/index.ts";
import type { Connection } from "../connection.ts";

/** The stock catalog; addresses in it are examples. */
export function stockCatalog(): Unstructured[] {
  return catalog({
    registry: { server: "registry.example", repository: "workloads" },
    gitopsRepository: "https://git.example/gitops.git",
  });
}

/** Every supply chain, delivery and template of the cluster. */
export async function clusterCatalog({ client }: Connection): Promise<Unstructured[]> {
  const kinds = [ClusterSupplyChain, ClusterDelivery, ...Object.values(TEMPLATE_KINDS)] as unknown as ResourceRef[];
  const lists = await Promise.all(
    kinds.map(async (resource) => {
      const { items } = await client.list(resource);
      const { group, version, kind } = resource;
      return items.map((item) => ({ ...item, apiVersion: `${group}/${version}`, kind }));
    }),
  );
  return lists.flat();
}
