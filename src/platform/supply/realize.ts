/**
 * Carries out the steps of a blueprint for one owner, in declared order; a failing step does not stop the later ones.
 * Spec: Cartographer's realizer. Stamping uses server-side apply, so a restart stamps nothing again.
 */
import type { SupplyChainStep } from "#api/carto.run/supply-chain.ts";
import { TEMPLATE_KINDS, type Template } from "#api/carto.run/templates.ts";
import type { ResourceRef, Unstructured } from "#api/meta.ts";
import type { Context } from "#engine/controller/controller.ts";
import type { Condition, Conditioned } from "#kit/conditions.ts";
import { findCondition } from "#kit/conditions.ts";
import { hasReason } from "#kit/status.ts";
import { TemplateError } from "#kit/template.ts";
import type { Draft } from "#ports/kube/client.ts";
import { StepFailure } from "./failure.ts";
import { judgeHealth } from "./health.ts";
import { MissingValue, type Output, readOutput } from "./output.ts";
import { type ParamSources, resolveParams } from "./params.ts";
import { mostSpecific } from "./selection.ts";
import { type Inputs, stamp } from "./stamp.ts";

export type Blueprint = {
  name: string;
  steps: readonly SupplyChainStep[];
  params: ParamSources["blueprint"];
};

/** What one step came to. */
export type StepResult = {
  step: SupplyChainStep;
  template: Template | undefined;
  /** Option that passes an input through: nothing is stamped. */
  passThrough?: string;
  stamped: Unstructured | undefined;
  stampedResource: ResourceRef | undefined;
  output: Output | undefined;
  failure: StepFailure | undefined;
  healthy: Condition;
};

/** Runs all steps once. Throws only for failures that a retry can mend. */
export async function realize(owner: Unstructured, blueprint: Blueprint, context: Context): Promise<StepResult[]> {
  const results: StepResult[] = [];
  const outputs = new Map<string, Output>();
  for (const step of blueprint.steps) {
    const result = await realizeStep(owner, blueprint, step, outputs, context);
    if (result.output) outputs.set(step.name, result.output);
    results.push(result);
  }
  return results;
}

async function realizeStep(
  owner: Unstructured,
  blueprint: Blueprint,
  step: SupplyChainStep,
  outputs: ReadonlyMap<string, Output>,
  context: Context,
): Promise<StepResult> {
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
    const draft = stampStep(owner, blueprint, step, template, outputs);
    result.stampedResource = await resourceOf(draft, context);
    result.stamped = await applyStamped(result.stampedResource, draft, context);
    result.output = readStepOutput(template, result.stamped, result.stampedResource);
  } catch (error) {
    if (!(error instanceof StepFailure)) throw error;
    result.failure = error;
  }
  const { template, stamped, output } = result;
  if (template)
    result.healthy = judgeHealth(template.spec.healthRule, stamped, output?.kind === "none" ? "none" : Boolean(output));
  return result;
}

function chooseTemplate(owner: Unstructured, step: SupplyChainStep): { name: string } | { passThrough: string } {
  const { name, options } = step.templateRef;
  if (name) return { name };
  let winners: NonNullable<typeof options>;
  try {
    winners = mostSpecific(options ?? [], (option) => option.selector, owner);
  } catch (error) {
    throw new StepFailure("ResolveTemplateOptionsError", `step ${step.name}: ${(error as Error).message}`);
  }
  const [winner] = winners;
  if (!winner || winners.length > 1) {
    const found = winners.map((option) => option.name ?? option.passThrough).join(", ") || "none";
    throw new StepFailure(
      "TemplateOptionsMatchError",
      `expected exactly 1 option to match, found [${found}] for step ${step.name}`,
    );
  }
  return winner.passThrough ? { passThrough: winner.passThrough } : { name: winner.name ?? "" };
}

function passThrough(result: StepResult, name: string, outputs: ReadonlyMap<string, Output>): StepResult {
  const inputs = inputsOf(result.step, outputs);
  const output = inputs.sources.get(name) ?? inputs.images.get(name) ?? inputs.configs.get(name);
  const healthy: Condition = output
    ? { type: "Healthy", status: "True", reason: "OutputsAvailable" }
    : { type: "Healthy", status: "Unknown", reason: "OutputNotAvailable" };
  return { ...result, passThrough: name, output, healthy };
}

async function findTemplate(step: SupplyChainStep, name: string, context: Context): Promise<Template> {
  const { kind } = step.templateRef;
  const resource = TEMPLATE_KINDS[kind];
  const template = resource && (await context.get(resource, name));
  if (!template)
    throw new StepFailure(
      "TemplateObjectRetrievalFailure",
      `unable to get template [${name}] of kind [${kind}]: not found`,
    );
  return template;
}

function stampStep(
  owner: Unstructured,
  blueprint: Blueprint,
  step: SupplyChainStep,
  template: Template,
  outputs: ReadonlyMap<string, Output>,
): Unstructured {
  const spec = owner.spec as { params?: ParamSources["owner"] };
  const params = resolveParams({
    template: template.spec.params,
    blueprint: blueprint.params,
    step: step.params,
    owner: spec.params,
  });
  const labels = labelsOf(owner, blueprint, step, template);
  try {
    return stamp({
      owner,
      ownerKey: owner.kind.toLowerCase(),
      template,
      params,
      inputs: inputsOf(step, outputs),
      labels,
    });
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new StepFailure(
      "TemplateStampFailure",
      `unable to stamp object for resource [${step.name}]: ${error.message}`,
    );
  }
}

function labelsOf(
  owner: Unstructured,
  blueprint: Blueprint,
  step: SupplyChainStep,
  template: Template,
): Record<string, string> {
  return {
    "carto.run/workload-name": owner.metadata.name,
    "carto.run/workload-namespace": owner.metadata.namespace ?? "",
    "carto.run/supply-chain-name": blueprint.name,
    "carto.run/resource-name": step.name,
    "carto.run/template-kind": template.kind,
    "carto.run/cluster-template-name": step.templateRef.name ?? "",
    "carto.run/template-lifecycle": template.spec.lifecycle ?? "mutable",
  };
}

function inputsOf(step: SupplyChainStep, outputs: ReadonlyMap<string, Output>): Inputs {
  const pick = (references: SupplyChainStep["sources"]): Map<string, Output> =>
    new Map(
      (references ?? []).flatMap(({ name, resource }) => {
        const output = outputs.get(resource);
        return output ? [[name, output] as const] : [];
      }),
    );
  return { sources: pick(step.sources), images: pick(step.images), configs: pick(step.configs) };
}

async function resourceOf(object: Unstructured, context: Context): Promise<ResourceRef> {
  try {
    return await context.client.resourceFor(object.apiVersion, object.kind);
  } catch (error) {
    if (hasReason(error, "NotFound")) throw new StepFailure("TemplateRejectedByAPIServer", error.message);
    throw error;
  }
}

async function applyStamped(resource: ResourceRef, object: Unstructured, context: Context): Promise<Unstructured> {
  try {
    return await context.apply(resource, object as Draft<Unstructured>);
  } catch (error) {
    if (hasReason(error, "Invalid", "BadRequest", "Forbidden", "NotFound"))
      throw new StepFailure("TemplateRejectedByAPIServer", `unable to apply object: ${error.message}`);
    throw error;
  }
}

function readStepOutput(template: Template, stamped: Unstructured, resource: ResourceRef): Output {
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
