/** In what supply chains and deliveries differ for lint. */
import { Deliverable } from "#api/carto.run/deliverable.ts";
import { ClusterDelivery } from "#api/carto.run/delivery.ts";
import { DELIVERABLE_PATHS, type SelectablePaths, WORKLOAD_PATHS } from "#api/carto.run/selectable.ts";
import { ClusterSupplyChain } from "#api/carto.run/supply-chain.ts";
import { Workload } from "#api/carto.run/workload.ts";
import type { StructuralSchema } from "#kit/schema/structural.ts";

export type InputList = "sources" | "images" | "configs";

export type BlueprintKind = {
  /** As messages call it. */
  noun: string;
  owner: "workload" | "deliverable";
  /** Which kind of template each list of inputs reads from. */
  inputs: { readonly [L in InputList]?: string };
  /** Fields of the owner that selectors may look at. */
  selectable: SelectablePaths;
};

const [SOURCE, CONFIG] = ["ClusterSourceTemplate", "ClusterConfigTemplate"] as const;

export const BLUEPRINT_KINDS: { readonly [kind: string]: BlueprintKind } = {
  [ClusterSupplyChain.kind]: {
    noun: "supply chain",
    owner: "workload",
    inputs: { sources: SOURCE, images: "ClusterImageTemplate", configs: CONFIG },
    selectable: WORKLOAD_PATHS,
  },
  [ClusterDelivery.kind]: {
    noun: "delivery",
    owner: "deliverable",
    inputs: { sources: SOURCE, configs: CONFIG },
    selectable: DELIVERABLE_PATHS,
  },
};

/** The kind of template that deploys, and those whose output it can be given. */
export const DEPLOYS = "ClusterDeploymentTemplate";
export const DEPLOYABLE: readonly string[] = [SOURCE, DEPLOYS];

/** Schemas of the owners, by the names that tags have for them. */
export const OWNER_SCHEMAS: { readonly [owner: string]: StructuralSchema } = {
  workload: Workload.schema,
  deliverable: Deliverable.schema,
};
