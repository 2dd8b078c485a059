/** What a step is stamped with: parameters, the outputs that it reads, labels. Pure; spec: Cartographer's realizer. */
import type { Template } from "#api/carto.run/templates.ts";
import type { Unstructured } from "#api/meta.ts";
import type { Blueprint, Dialect, Step, StepInput } from "./blueprint.ts";
import type { Output } from "./output.ts";
import { type ParamSources, resolveParams } from "./params.ts";
import type { Inputs, StampRequest } from "./stamp.ts";

/** An owner on its way along a blueprint. */
export type Journey = { owner: Unstructured; blueprint: Blueprint; dialect: Dialect };

/** Which step of which blueprint it is, as messages say it. */
export function placeOf({ blueprint, dialect }: Journey, step: Step): string {
  return `resource [${step.name}] in ${dialect.blueprint.replace("-", " ")} [${blueprint.name}]`;
}

/** Where the parameters of a step come from. */
export function paramSources({ owner, blueprint }: Journey, step: Step, template: Template): ParamSources {
  const spec = owner.spec as { params?: ParamSources["owner"] };
  return { template: template.spec.params, blueprint: blueprint.params, step: step.params, owner: spec.params };
}

/** Everything that stamping a step takes; `outputs` are those of the steps before it. */
export function requestOf(
  journey: Journey,
  step: Step,
  template: Template,
  outputs: ReadonlyMap<string, Output>,
): StampRequest {
  const { owner, blueprint, dialect } = journey;
  return {
    owner,
    template,
    params: resolveParams(paramSources(journey, step, template)),
    inputs: inputsOf(step, outputs),
    labels: {
      [`carto.run/${dialect.owner}-name`]: owner.metadata.name,
      [`carto.run/${dialect.owner}-namespace`]: owner.metadata.namespace ?? "",
      [`carto.run/${dialect.blueprint}-name`]: blueprint.name,
      "carto.run/resource-name": step.name,
      "carto.run/template-kind": template.kind,
      "carto.run/cluster-template-name": step.templateRef.name ?? "",
      "carto.run/template-lifecycle": template.spec.lifecycle ?? "mutable",
    },
  };
}

/** The outputs that a step reads, as far as there are any yet, by the step's own names for them. */
export function inputsOf(step: Step, outputs: ReadonlyMap<string, Output>): Inputs {
  const pick = (references: readonly StepInput[] = []): Map<string, Output> =>
    new Map(
      references.flatMap(({ name, resource }) => {
        const output = outputs.get(resource);
        return output ? [[name, output] as const] : [];
      }),
    );
  const deployment = step.deployment && outputs.get(step.deployment.resource);
  return {
    sources: pick(step.sources),
    images: pick(step.images),
    configs: pick(step.configs),
    ...(deployment && { deployment }),
  };
}
