/** Reconciles ClusterSupplyChains and ClusterDeliveries: Ready when every template that a step names exists. */
import { ClusterDelivery } from "#api/carto.run/delivery.ts";
import { ClusterSupplyChain } from "#api/carto.run/supply-chain.ts";
import { TEMPLATE_KINDS } from "#api/carto.run/templates.ts";
import { type Context, controller } from "#engine/controller/controller.ts";
import { broken, type Outcome, settled } from "#engine/controller/outcome.ts";
import type { Step } from "./blueprint.ts";
import { type BlueprintObject, toSelector } from "./owner.ts";
import { unreadablePath } from "./selection.ts";

export const supplyChainController = controller({
  name: "supply/supply-chain",
  for: ClusterSupplyChain,
  reconcile: (chain, context) => check(chain as BlueprintObject, context),
});

export const deliveryController = controller({
  name: "supply/delivery",
  for: ClusterDelivery,
  reconcile: (delivery, context) => check(delivery as BlueprintObject, context),
});

/** A selector that cannot be read is said here, not to every owner: the blueprint is left out of their choice. */
async function check(blueprint: BlueprintObject, context: Context): Promise<Outcome<Record<never, never>>> {
  const options = blueprint.spec.resources.flatMap(({ templateRef }) => templateRef.options ?? []);
  for (const selector of [toSelector(blueprint), ...options.map((option) => option.selector)]) {
    const problem = unreadablePath(selector);
    if (problem) return broken("Ready", "InvalidSelector", `unable to read selector: ${problem}`);
  }
  return await checkTemplates(blueprint.spec.resources, context);
}

async function checkTemplates(steps: readonly Step[], context: Context): Promise<Outcome<Record<never, never>>> {
  const missing: { step: string; template: string }[] = [];
  for (const { name, templateRef } of steps) {
    const resource = TEMPLATE_KINDS[templateRef.kind];
    const wanted = [templateRef.name, ...(templateRef.options ?? []).map((option) => option.name)];
    for (const template of wanted)
      if (template && resource && !(await context.get(resource, template)))
        missing.push({ step: name, template: `${templateRef.kind}/${template}` });
  }
  if (missing.length > 0) {
    const [names, templates] = [new Set(missing.map(({ step }) => step)), missing.map(({ template }) => template)];
    const message = `did not find the template of the resource(s) [${[...names].join(", ")}]: ${templates.join(", ")}`;
    return broken("TemplatesReady", "TemplatesNotFound", message);
  }
  const ready = { type: "TemplatesReady", status: "True", reason: "Ready" } as const;
  return settled(undefined, { reason: "Ready", conditions: [ready] });
}
