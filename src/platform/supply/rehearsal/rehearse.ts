/** What would become of an owner: the blueprint it takes, and what each step would stamp. Nothing is written. */
import type { Template } from "#api/carto.run/templates.ts";
import type { Unstructured } from "#api/meta.ts";
import type { Condition } from "#kit/conditions.ts";
import { TemplateError } from "#kit/template.ts";
import { type Step, SUPPLY_CHAIN } from "../blueprint.ts";
import { chooseTemplate } from "../choose.ts";
import { StepFailure } from "../failure.ts";
import { usesOf } from "../lint/uses.ts";
import type { Output } from "../output.ts";
import { type BlueprintObject, selectBlueprint, toSelector } from "../owner.ts";
import { inputsOf, type Journey, paramSources, placeOf, requestOf } from "../request.ts";
import { stamp } from "../stamp.ts";
import type { RenderTemplateText } from "../ytt.ts";
import { type ExplainedParam, explainParams } from "./params.ts";
import { type Candidate, explainSelection } from "./selection.ts";
import { standIn } from "./stand-in.ts";

/** What putting a stamped object into its place would do. */
export type Placement = {
  change: "create" | "update" | "none" | "unknown";
  before?: unknown;
  after?: unknown;
  /** What the server has against the object. */
  problem?: string;
  /** The object's own controller has not seen its newest version yet. */
  stale?: boolean;
  /** Whether the object is healthy as it is, by the template's rule. */
  healthy?: Condition["status"];
  /** The step's output, when it would stay as it is. */
  output?: Output;
};

export type RehearsedStep = {
  name: string;
  template?: { kind: string; name: string };
  /** The input that an option passes on; nothing is stamped. */
  passThrough?: string;
  /** The options of a step that has some, the chosen one first. */
  options?: Candidate[];
  /** Those that the template uses. */
  params: ExplainedParam[];
  object?: Unstructured;
  placement?: Placement;
  /** Steps whose outputs are not known yet; stand-ins in angle brackets take their place. */
  unknown: string[];
  problem?: string;
};

export type Rehearsal = {
  /** The supply chain that would be taken. */
  chain?: string;
  /** Why none would be taken. */
  problem?: string;
  candidates: Candidate[];
  steps: RehearsedStep[];
};

/** The world that a rehearsal plays in. */
export interface Stage {
  template(kind: string, name: string): Promise<Template | undefined>;
  /** Where there is nothing to compare with, `place` is left out. */
  place?(template: Template, object: Unstructured): Promise<Placement>;
  /** Outputs that are taken as given, by step. */
  outputs?: ReadonlyMap<string, Output>;
  renderText: RenderTemplateText;
}

/** Rehearses a Workload among these ClusterSupplyChains. */
export async function rehearse(
  owner: Unstructured,
  chains: readonly BlueprintObject[],
  stage: Stage,
): Promise<Rehearsal> {
  const candidates = explainSelection(owner, chains, (chain) => ({
    name: chain.metadata.name,
    selector: toSelector(chain),
  }));
  const { blueprint, reason, message } = selectBlueprint(owner, chains, SUPPLY_CHAIN);
  if (!blueprint) return { problem: `${reason}: ${message}`, candidates, steps: [] };
  const { metadata, spec } = blueprint;
  const journey = {
    owner,
    blueprint: { name: metadata.name, steps: spec.resources, params: spec.params },
    dialect: SUPPLY_CHAIN,
  };
  const outputs = new Map<string, Output>(stage.outputs);
  const unknown = new Set<string>();
  const steps: RehearsedStep[] = [];
  for (const step of spec.resources) {
    const { rehearsed, output, isKnown } = await rehearseStep(journey, step, { stage, outputs, unknown });
    steps.push(rehearsed);
    if (outputs.has(step.name)) continue;
    if (output) outputs.set(step.name, output);
    if (!isKnown) unknown.add(step.name);
  }
  return { chain: metadata.name, candidates, steps };
}

type Progress = { stage: Stage; outputs: ReadonlyMap<string, Output>; unknown: ReadonlySet<string> };
type StepRehearsal = { rehearsed: RehearsedStep; output: Output | undefined; isKnown: boolean };

async function rehearseStep(journey: Journey, step: Step, progress: Progress): Promise<StepRehearsal> {
  const unknown = inputNames(step).filter((name) => progress.unknown.has(name));
  const { options } = step.templateRef;
  const rehearsed: RehearsedStep = {
    name: step.name,
    ...(options && { options: explainSelection(journey.owner, options, optionOf) }),
    params: [],
    unknown,
  };
  const without = (problem: string): StepRehearsal => ({
    rehearsed: { ...rehearsed, problem },
    output: standIn(step),
    isKnown: false,
  });
  try {
    const choice = chooseTemplate(journey.owner, step, placeOf(journey, step));
    if ("passThrough" in choice) return passOn(rehearsed, step, choice.passThrough, progress);
    const { kind } = step.templateRef;
    const template = await progress.stage.template(kind, choice.name);
    if (!template) return without(`there is no ${kind} ${choice.name}`);
    rehearsed.template = { kind, name: choice.name };
    const { params: isUsed } = usesOf(template);
    rehearsed.params = explainParams(paramSources(journey, step, template)).filter(({ name }) => isUsed(name));
    rehearsed.object = stamp(requestOf(journey, step, template, progress.outputs), progress.stage.renderText);
    const placement = await progress.stage.place?.(template, rehearsed.object);
    if (placement) rehearsed.placement = placement;
    const output = placement?.output;
    return { rehearsed, output: output ?? standIn(step), isKnown: output !== undefined };
  } catch (error) {
    if (!(error instanceof StepFailure) && !(error instanceof TemplateError)) throw error;
    if (unknown.length > 0 && error instanceof TemplateError)
      return without(`cannot be told before the output of ${unknown.join(" and ")} is known`);
    return without(error.message);
  }
}

function passOn(rehearsed: RehearsedStep, step: Step, name: string, { outputs }: Progress): StepRehearsal {
  const { sources, images, configs } = inputsOf(step, outputs);
  const output = sources.get(name) ?? images.get(name) ?? configs.get(name);
  const isKnown = output !== undefined && rehearsed.unknown.length === 0;
  return { rehearsed: { ...rehearsed, passThrough: name }, output, isKnown };
}

function optionOf({ name, passThrough, selector }: NonNullable<Step["templateRef"]["options"]>[number]) {
  return { name: name ?? `pass through ${passThrough}`, selector };
}

function inputNames({ sources = [], images = [], configs = [], deployment }: Step): string[] {
  const named = [...sources, ...images, ...configs].map(({ resource }) => resource);
  return [...new Set(deployment ? [...named, deployment.resource] : named)];
}
