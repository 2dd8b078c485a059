/** Supply chains and deliveries are both blueprints; this is what they have in common, and in what they differ. */
import type { Json } from "#kit/json.ts";
import type { Selector } from "./selection.ts";

export type StepInput = { name: string; resource: string };

export type Step = {
  name: string;
  templateRef: {
    kind: string;
    name?: string;
    options?: { name?: string; passThrough?: string; selector: Selector }[];
  };
  params?: { name: string; value?: Json; default?: Json }[];
  sources?: StepInput[];
  images?: StepInput[];
  configs?: StepInput[];
  deployment?: { resource: string };
};

/** The steps whose outputs a step reads, in the order in which its status names them. */
export function readBy({ sources = [], images = [], deployment, configs = [] }: Step): string[] {
  return [...sources, ...images, ...(deployment ? [deployment] : []), ...configs].map(({ resource }) => resource);
}

export type Blueprint = { name: string; steps: readonly Step[]; params: Step["params"] };

/** The words that differ between workloads on supply chains and deliverables on deliveries. */
export type Dialect = {
  /** The owner's name in tags and label keys. */
  owner: "workload" | "deliverable";
  /** The blueprint's name in label keys. */
  blueprint: "supply-chain" | "delivery";
  /** The owner's condition about its blueprint. */
  condition: "SupplyChainReady" | "DeliveryReady";
};

export const SUPPLY_CHAIN: Dialect = { owner: "workload", blueprint: "supply-chain", condition: "SupplyChainReady" };
export const DELIVERY: Dialect = { owner: "deliverable", blueprint: "delivery", condition: "DeliveryReady" };
