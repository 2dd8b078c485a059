/** From a template to the object that is applied: context, tags, labels, namespace. Pure. */
import type { Template } from "#api/carto.run/templates.ts";
import type { Unstructured } from "#api/meta.ts";
import { isObject } from "#kit/json.ts";
import { renderTemplate, TemplateError } from "#kit/template.ts";
import type { Output } from "./output.ts";
import type { RenderTemplateText } from "./ytt.ts";

/** The outputs that a step reads, by the step's own name for them. */
export type Inputs = {
  sources: ReadonlyMap<string, Output>;
  images: ReadonlyMap<string, Output>;
  configs: ReadonlyMap<string, Output>;
  deployment?: Output;
};

export type StampRequest = {
  owner: Unstructured;
  template: Template;
  params: Record<string, unknown>;
  inputs: Inputs;
  labels: Record<string, string>;
};

/** The stamped object, without owner reference. Throws TemplateError when a tag finds nothing or the result is no object. */
export function stamp(request: StampRequest, renderText: RenderTemplateText): Unstructured {
  const { owner, template, labels } = request;
  const { ytt, template: tagged } = template.spec;
  const context = contextOf(request);
  const rendered = ytt === undefined ? renderTemplate(tagged, context) : renderText(ytt, context);
  if (!isObject(rendered) || typeof rendered.apiVersion !== "string" || typeof rendered.kind !== "string")
    throw new TemplateError(
      "",
      `${template.kind} ${template.metadata.name} does not give an object with apiVersion and kind`,
    );
  const metadata = isObject(rendered.metadata) ? rendered.metadata : {};
  const { namespace } = owner.metadata;
  if (metadata.namespace !== undefined && metadata.namespace !== namespace)
    throw new TemplateError("metadata.namespace", `cannot set namespace in resource template: it must be ${namespace}`);
  const templateLabels = isObject(metadata.labels) ? metadata.labels : {};
  return {
    ...rendered,
    metadata: { ...metadata, namespace, labels: { ...templateLabels, ...labels } },
  } as Unstructured;
}

/** What tags can see. The owner goes by both of its names, as upstream has it. */
function contextOf({ owner, params, inputs, labels }: StampRequest): Record<string, unknown> {
  const sources = named(inputs.sources);
  const images = named(inputs.images);
  const configs = named(inputs.configs);
  const [source, image, config] = [only(sources), only(images), only(configs)] as Record<string, unknown>[];
  return {
    workload: owner,
    deliverable: owner,
    params,
    labels,
    sources,
    images,
    configs,
    ...(inputs.deployment && { deployment: inputs.deployment }),
    ...(source && { source }),
    ...(image && { image: image.image }),
    ...(config && { config: config.config }),
  };
}

function named(outputs: ReadonlyMap<string, Output>): Record<string, object> {
  return Object.fromEntries([...outputs].map(([name, { kind: _kind, ...values }]) => [name, { ...values, name }]));
}

function only(values: Record<string, object>): object | undefined {
  const all = Object.values(values);
  return all.length === 1 ? all[0] : undefined;
}
