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
import { findMismatch, type Lineage, lineageOf, type Mismatch } from "./lineage.ts";
import { observe, qualifiedName } from "./observe.ts";
import type { Output } from "./output.ts";
import { lineagesRead, type Progress, relatedInputs, waitingText } from "./progress.ts";
import { type Journey, placeOf, requestOf } from "./request.ts";
import { type ResourceStatus, stampedFrom } from "./resource-status.ts";
import { isSettled } from "./settled.ts";
import { type StampRequest, stamp } from "./stamp.ts";
import { findStanding, submit } from "./submit.ts";
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
  /** What the output was made of. */
  lineage?: Lineage;
  /** When the object is stamped in this pass: digests, by resource, of those inputs that have a step in common. */
  stampedFrom?: Record<string, string>;
  failure: StepFailure | undefined;
  healthy: Condition;
};

/** `actor` is who stamps; `previous` is what the owner's status says of the steps. */
type Realization = Journey & {
  context: Context;
  actor: Actor;
  renderText: RenderTemplateText;
  previous: readonly ResourceStatus[];
};

/** Runs all steps once. Throws only for failures that a retry can mend. */
export async function realize(realization: Realization): Promise<StepResult[]> {
  const results: StepResult[] = [];
  const progress: Progress = { outputs: new Map(), lineages: new Map() };
  for (const step of realization.blueprint.steps) {
    const result = await realizeStep(realization, step, progress);
    if (result.output) progress.outputs.set(step.name, result.output);
    if (result.lineage) progress.lineages.set(step.name, result.lineage);
    results.push(result);
  }
  return results;
}

async function realizeStep(realization: Realization, step: Step, progress: Progress): Promise<StepResult> {
  const { owner, context, actor, previous } = realization;
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
    if ("passThrough" in choice) return passThrough(result, choice.passThrough, progress);
    const template = await findTemplate(step, choice.name, { place, context });
    result.template = template;
    const request = requestOf(realization, step, template, progress.outputs);
    const object = stampStep(realization, step, request);
    const inputs = relatedInputs(step, progress);
    const mismatch = findMismatch(inputs, stampedFrom(previous.find(({ name }) => name === step.name)));
    const made = lineagesRead(step, progress);
    if (mismatch) return { ...result, ...(await hold({ request, object, made, mismatch, place }, context)) };
    const submission = await submit(template, object, { owner, place, context, actor });
    const { resource, latest, change } = submission;
    if (change)
      context.event("Normal", "StampedObjectApplied", `${change} object [${qualifiedName(resource, latest)}]`);
    return {
      ...result,
      stampedResource: resource,
      stamped: latest,
      applied: change !== undefined,
      stampedFrom: Object.fromEntries(inputs.map(({ resource, digest }) => [resource, digest])),
      lineage: lineageOf(step.name, made, isSettled(template, submission)),
      ...observe(request, submission, place),
    };
  } catch (error) {
    if (!(error instanceof StepFailure)) throw error;
    return { ...result, failure: error };
  }
}

type Held = { request: StampRequest; object: Unstructured; made: Lineage[]; mismatch: Mismatch; place: string };

/** A step that is not stamped anew: what stands of it goes on giving what it gave. */
async function hold(
  { request, object, made, mismatch, place }: Held,
  context: Context,
): Promise<Partial<StepResult> & { failure: StepFailure }> {
  const failure = new StepFailure("MissingValueAtPath", waitingText(place, mismatch), "Unknown");
  const { template, labels } = request;
  const standing = await findStanding(template, object, context);
  if (!standing) return { failure };
  const { output, healthy } = observe(request, standing, place);
  const lineage = lineageOf(labels["carto.run/resource-name"] ?? "", made, false);
  const stamped = { stampedResource: standing.resource, stamped: standing.latest, healthy, failure };
  // a deployment would hand on what it has not got yet
  return template.kind === "ClusterDeploymentTemplate" ? stamped : { ...stamped, output, lineage };
}

function passThrough(result: StepResult, name: string, { outputs, lineages }: Progress): StepResult {
  const { sources = [], images = [], configs = [] } = result.step;
  const inputs = [...sources, ...images, ...configs];
  const { resource = "" } = inputs.find((input) => input.name === name && outputs.has(input.resource)) ?? {};
  const [output, lineage] = [outputs.get(resource), lineages.get(resource)];
  const healthy: Condition = output
    ? { type: "Healthy", status: "True", reason: "OutputsAvailable" }
    : { type: "Healthy", status: "Unknown", reason: "OutputNotAvailable" };
  const own = lineage && { lineage: lineageOf(result.step.name, [lineage], true) };
  return { ...result, passThrough: name, output, ...own, healthy };
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
