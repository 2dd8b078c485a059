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
  params: NonNullable<Step["params"]>;
};

/** Throws TemplateError when the template cannot be stamped. */
export function stampAlone(template: Template, workload: Unstructured, given: GivenInputs): Unstructured {
  const references = (outputs: Readonly<Record<string, Output>>) =>
    Object.keys(outputs).map((name) => ({ name, resource: name }));
  const step: Step = {
    name: template.metadata.name,
    templateRef: { kind: template.kind, name: template.metadata.name },
    sources: references(given.sources),
    images: references(given.images),
    configs: references(given.configs),
  };
  const blueprint: Blueprint = { name: "", steps: [step], params: given.params };
  const outputs = new Map(Object.entries({ ...given.sources, ...given.images, ...given.configs }));
  const request = requestOf({ owner: workload, blueprint, dialect: SUPPLY_CHAIN }, step, template, outputs);
  return stamp(request, templateTextRenderer());
}
