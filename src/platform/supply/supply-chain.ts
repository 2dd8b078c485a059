/** Reconciles ClusterSupplyChains: Ready when every template that a step names exists. */
import { ClusterSupplyChain } from "#api/carto.run/supply-chain.ts";
import { TEMPLATE_KINDS } from "#api/carto.run/templates.ts";
import { controller } from "#engine/controller/controller.ts";
import { broken, settled } from "#engine/controller/outcome.ts";

export const supplyChainController = controller({
  name: "supply/supply-chain",
  for: ClusterSupplyChain,
  async reconcile(chain, context) {
    const missing: string[] = [];
    for (const { name, templateRef } of chain.spec.resources) {
      const resource = TEMPLATE_KINDS[templateRef.kind];
      const wanted = [templateRef.name, ...(templateRef.options ?? []).map((option) => option.name)];
      for (const template of wanted)
        if (template && resource && !(await context.get(resource, template))) missing.push(`${name} (${template})`);
    }
    if (missing.length > 0)
      return broken("TemplatesReady", "TemplatesNotFound", `unable to find templates of steps [${missing.join(", ")}]`);
    return settled(undefined, { reason: "Ready" });
  },
});
