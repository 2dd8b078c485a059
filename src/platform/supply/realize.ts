/**
 * Carries out the steps of a blueprint for one owner, in declared order; a failing step does not stop the later ones.
 * Spec: Cartographer's realizer.
 */
import type { Template } from "#api/carto.run/templates.ts";
import type { ResourceRef, Unstructured } from "#api/meta.ts";
import type { Context } from "#engine/controller/controller.ts";
import { type Condition, type Conditioned, findCondition } from "#kit/conditions.ts";
import { TemplateError } from "#kit/template.ts";
import type { Blueprint, Dialect, Step, StepInput } from "./blueprint.ts";
import { chooseTemplate, findTemplate } from "./choose.ts";
import { deployed } from "./deployment.ts";
import { StepFailure } from "./failure.ts";
import { judgeHealth } from "./health.ts";
import { MissingValue, type Output, readOutput } from "./output.ts";
import { type ParamSources, resolveParams } from "./params.ts";
import { contextOf, type Inputs, type StampRequest, stamp } from "./stamp.ts";
import { healthRuleOf, submit } from "./submit.ts";

/** What one step came to. */
export type StepResult = {
  step: Step;
  template: Template | undefined;
  /** Option that passes an input through: nothing is stamped. */
  passThrough?: string;
  stamped: Unstructured | undefined;
  stampedResource: ResourceRef | undefined;
  output: Output | undefined;
  failure: StepFailure | undefined;
  healthy: Condition;
};

type Realization = { owner: Unstructured; blueprint: Blueprint; dialect: Dialect; context: Context };

/** Runs all steps once. Throws only for failures that a retry can mend. */
export async function realize(realization: Realization): Promise<StepResult[]> {
  const results: StepResult[] = [];
  const outputs = new Map<string, Output>();
  for (const step of realization.blueprint.steps) {
    const result = await realizeStep(realization, step, outputs);
    if (result.output) outputs.set(step.name, result.output);
    results.push(result);
  }
  return results;
}

async function realizeStep(
  realization: Realization,
  step: Step,
  outputs: ReadonlyMap<string, Output>,
): Promise<StepResult> {
  const { owner, context } = realization;
  const result: StepResult = {
    step,
    template: undefined,
    stamped: undefined,
    stampedResource: undefined,
    output: undefined,
    failure: undefined,
    healthy: judgeHealth(undefined, undefined, false),
  };
  try {
    const choice = chooseTemplate(owner, step);
    if ("passThrough" in choice) return passThrough(result, choice.passThrough, outputs);
    const template = await findTemplate(step, choice.name, context);
    result.template = template;
    const request = requestOf(realization, step, template, outputs);
    const { resource, latest, source } = await submit(template, stampStep(step, request), context);
    result.stampedResource = resource;
    result.stamped = latest;
    result.output = readStepOutput(request, source ?? latest, resource);
  } catch (error) {
    if (!(error instanceof StepFailure)) throw error;
    result.failure = error;
  }
  const { template, stamped, output } = result;
  if (template)
    result.healthy = judgeHealth(healthRuleOf(template), stamped, output?.kind === "none" ? "none" : Boolean(output));
  return result;
}

function passThrough(result: StepResult, name: string, outputs: ReadonlyMap<string, Output>): StepResult {
  const inputs = inputsOf(result.step, outputs);
  const output = inputs.sources.get(name) ?? inputs.images.get(name) ?? inputs.configs.get(name);
  const healthy: Condition = output
    ? { type: "Healthy", status: "True", reason: "OutputsAvailable" }
    : { type: "Healthy", status: "Unknown", reason: "OutputNotAvailable" };
  return { ...result, passThrough: name, output, healthy };
}

function requestOf(
  { owner, blueprint, dialect }: Realization,
  step: Step,
  template: Template,
  outputs: ReadonlyMap<string, Output>,
): StampRequest {
  const spec = owner.spec as { params?: ParamSources["owner"] };
  const sources = {
    template: template.spec.params,
    blueprint: blueprint.params,
    step: step.params,
    owner: spec.params,
  };
  return {
    owner,
    template,
    params: resolveParams(sources),
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

function stampStep(step: Step, request: StampRequest): Unstructured {
  try {
    return stamp(request);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new StepFailure(
      "TemplateStampFailure",
      `unable to stamp object for resource [${step.name}]: ${error.message}`,
    );
  }
}

function inputsOf(step: Step, outputs: ReadonlyMap<string, Output>): Inputs {
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

function readStepOutput(request: StampRequest, stamped: Unstructured, resource: ResourceRef): Output {
  const { template, inputs } = request;
  if (template.kind === "ClusterDeploymentTemplate")
    return deployed(template, stamped, inputs.deployment, contextOf(request));
  try {
    return readOutput(template, stamped);
  } catch (error) {
    if (!(error instanceof MissingValue)) throw error;
    const where = `${resource.plural}${resource.group ? `.${resource.group}` : ""} [${stamped.metadata.name}] in namespace [${stamped.metadata.namespace}]`;
    const why = causeOf(stamped);
    throw new StepFailure(
      "MissingValueAtPath",
      `waiting to read value [${error.path}] from resource ${where}${why}`,
      "Unknown",
    );
  }
}

/** What the stamped object itself says about why it is not there yet. */
function causeOf(stamped: Unstructured): string {
  const ready = findCondition(stamped as Conditioned, "Ready");
  if (!ready?.message || ready.status === "True") return "";
  return `: ${ready.reason ? `${ready.reason}: ` : ""}${ready.message}`;
}
