/**
 * Carries out the steps of a blueprint for one owner, in declared order; a failing step does not stop the later ones.
 * Spec: Cartographer's realizer.
 */
import type { Template } from "#api/carto.run/templates.ts";
import type { ResourceRef, Unstructured } from "#api/meta.ts";
import type { Actor, Context } from "#engine/controller/controller.ts";
import type { Condition } from "#kit/conditions.ts";
import { TemplateError } from "#kit/template.ts";
import type { Step } from "./blueprint.ts";
import { chooseTemplate, findTemplate } from "./choose.ts";
import { StepFailure } from "./failure.ts";
import { judgeHealth } from "./health.ts";
import { observe, qualifiedName } from "./observe.ts";
import type { Output } from "./output.ts";
import { inputsOf, type Journey, placeOf, requestOf } from "./request.ts";
import { type StampRequest, stamp } from "./stamp.ts";
import { submit } from "./submit.ts";
import type { RenderTemplateText } from "./ytt.ts";

/** What one step came to. */
export type StepResult = {
  step: Step;
  template: Template | undefined;
  /** Option that passes an input through: nothing is stamped. */
  passThrough?: string;
  stamped: Unstructured | undefined;
  stampedResource: ResourceRef | undefined;
  /** Whether the object was written in this pass. */
  applied: boolean;
  output: Output | undefined;
  failure: StepFailure | undefined;
  healthy: Condition;
};

/** `actor` is who stamps. */
type Realization = Journey & { context: Context; actor: Actor; renderText: RenderTemplateText };

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
  const { owner, context, actor } = realization;
  const place = placeOf(realization, step);
  const result: StepResult = {
    step,
    template: undefined,
    stamped: undefined,
    stampedResource: undefined,
    applied: false,
    output: undefined,
    failure: undefined,
    healthy: judgeHealth(undefined, undefined, step.templateRef.kind === "ClusterTemplate" ? "none" : false),
  };
  try {
    const choice = chooseTemplate(owner, step, place);
    if ("passThrough" in choice) return passThrough(result, choice.passThrough, outputs);
    const template = await findTemplate(step, choice.name, { place, context });
    result.template = template;
    const request = requestOf(realization, step, template, outputs);
    const submission = await submit(template, stampStep(realization, step, request), {
      owner,
      place,
      context,
      actor,
    });
    const { resource, latest, change } = submission;
    if (change)
      context.event("Normal", "StampedObjectApplied", `${change} object [${qualifiedName(resource, latest)}]`);
    const stamped = { stampedResource: resource, stamped: latest, applied: change !== undefined };
    return { ...result, ...stamped, ...observe(request, submission, place) };
  } catch (error) {
    if (!(error instanceof StepFailure)) throw error;
    return { ...result, failure: error };
  }
}

function passThrough(result: StepResult, name: string, outputs: ReadonlyMap<string, Output>): StepResult {
  const inputs = inputsOf(result.step, outputs);
  const output = inputs.sources.get(name) ?? inputs.images.get(name) ?? inputs.configs.get(name);
  const healthy: Condition = output
    ? { type: "Healthy", status: "True", reason: "OutputsAvailable" }
    : { type: "Healthy", status: "Unknown", reason: "OutputNotAvailable" };
  return { ...result, passThrough: name, output, healthy };
}

function stampStep({ blueprint, dialect, renderText }: Realization, step: Step, request: StampRequest): Unstructured {
  try {
    return stamp(request, renderText);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const { kind, metadata } = request.template;
    const within = `${dialect.blueprint.replace("-", " ")} [${blueprint.name}]`;
    throw new StepFailure(
      "TemplateStampFailure",
      `unable to stamp object for resource [${step.name}] for template [${kind}/${metadata.name}] in ${within}: ${error.message}`,
      "False",
      { cause: error },
    );
  }
}
