/** One template stamped alone, with what its supply chain would give: what template tests need. Pure. */
import type { Template } from "#api/carto.run/templates.ts";
import type { Unstructured } from "#api/meta.ts";
import { type Blueprint, type Step, SUPPLY_CHAIN } from "../blueprint.ts";
import type { Output } from "../output.ts";
import { requestOf } from "../request.ts";
import { stamp } from "../stamp.ts";
import { templateTextRenderer } from "../ytt.ts";

/** Outputs of earlier steps by the name that the template reads them by, and the chain's parameters. */
export type GivenInputs = {
  sources: Readonly<Record<string, Output>>;
  images: Readonly<Record<string, Output>>;
  configs: Readonly<Record<string, Output>>;
  deployment?: Output | undefined;
  params: NonNullable<Step["params"]>;
};

const LISTS = ["sources", "images", "configs"] as const;

/** Throws TemplateError when the template cannot be stamped. */
export function stampAlone(template: Template, workload: Unstructured, given: GivenInputs): Unstructured {
  const outputs = new Map<string, Output>();
  const references = LISTS.map((list) => {
    const entries = Object.entries(given[list]).map(([name, output]) => {
      const resource = `${list}/${name}`;
      outputs.set(resource, output);
      return { name, resource };
    });
    return [list, entries] as const;
  });
  if (given.deployment) outputs.set("deployment", given.deployment);
  const step: Step = {
    name: template.metadata.name,
    templateRef: { kind: template.kind, name: template.metadata.name },
    ...Object.fromEntries(references),
    ...(given.deployment && { deployment: { resource: "deployment" } }),
  };
  const blueprint: Blueprint = { name: "", steps: [step], params: given.params };
  const request = requestOf({ owner: workload, blueprint, dialect: SUPPLY_CHAIN }, step, template, outputs);
  return stamp(request, templateTextRenderer());
}
