/** Reconciles Workloads along ClusterSupplyChains, and Deliverables along ClusterDeliveries. */
import { Deliverable } from "#api/carto.run/deliverable.ts";
import { ClusterDelivery } from "#api/carto.run/delivery.ts";
import { ClusterSupplyChain } from "#api/carto.run/supply-chain.ts";
import { Workload } from "#api/carto.run/workload.ts";
import type { Unstructured } from "#api/meta.ts";
import { type Controller, controller } from "#engine/controller/controller.ts";
import type { Outcome } from "#engine/controller/outcome.ts";
import { DELIVERY, SUPPLY_CHAIN } from "./blueprint.ts";
import { type BlueprintObject, followBlueprint } from "./owner.ts";
import type { RenderTemplateText } from "./ytt.ts";

export function workloadController(renderText: RenderTemplateText): Controller<Workload> {
  return controller({
    name: "supply/workload",
    for: Workload,
    async reconcile(workload, context): Promise<Outcome<NonNullable<Workload["status"]>>> {
      const blueprints = (await context.list(ClusterSupplyChain)) as readonly BlueprintObject[];
      const owner = workload as unknown as Unstructured;
      const pass = { owner, blueprints, dialect: SUPPLY_CHAIN, context, renderText };
      const { ref, ...outcome } = await followBlueprint(pass);
      return { ...outcome, status: { ...outcome.status, ...(ref && { supplyChainRef: ref }) } };
    },
  });
}

export function deliverableController(renderText: RenderTemplateText): Controller<Deliverable> {
  return controller({
    name: "supply/deliverable",
    for: Deliverable,
    async reconcile(deliverable, context): Promise<Outcome<NonNullable<Deliverable["status"]>>> {
      const blueprints = (await context.list(ClusterDelivery)) as readonly BlueprintObject[];
      const owner = deliverable as unknown as Unstructured;
      const { ref, ...outcome } = await followBlueprint({ owner, blueprints, dialect: DELIVERY, context, renderText });
      return { ...outcome, status: { ...outcome.status, ...(ref && { deliveryRef: ref }) } };
    },
  });
}
