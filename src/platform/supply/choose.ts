/** Which template a step uses for an owner: the named one, or the one option whose selector matches. */
import { TEMPLATE_KINDS, type Template } from "#api/carto.run/templates.ts";
import type { Unstructured } from "#api/meta.ts";
import type { Context } from "#engine/controller/controller.ts";
import type { Step } from "./blueprint.ts";
import { StepFailure } from "./failure.ts";
import { mostSpecific } from "./selection.ts";

export type Choice = { name: string } | { passThrough: string };

/** Throws StepFailure unless exactly one option matches. */
export function chooseTemplate(owner: Unstructured, { name: step, templateRef: { name, options = [] } }: Step): Choice {
  if (name) return { name };
  const winners = matching(owner, step, options);
  const [winner] = winners;
  if (!winner || winners.length > 1) {
    const found = winners.map((option) => option.name ?? option.passThrough).join(", ") || "none";
    throw new StepFailure(
      "TemplateOptionsMatchError",
      `expected exactly 1 option to match, found [${found}] for step ${step}`,
    );
  }
  return winner.passThrough ? { passThrough: winner.passThrough } : { name: winner.name ?? "" };
}

type Options = NonNullable<Step["templateRef"]["options"]>;

function matching(owner: Unstructured, step: string, options: Options): Options {
  try {
    return mostSpecific(options, (option) => option.selector, owner);
  } catch (error) {
    throw new StepFailure("ResolveTemplateOptionsError", `step ${step}: ${(error as Error).message}`);
  }
}

/** Throws StepFailure when there is no such template. */
export async function findTemplate({ templateRef: { kind } }: Step, name: string, context: Context): Promise<Template> {
  const resource = TEMPLATE_KINDS[kind];
  const template = resource && (await context.get(resource, name));
  if (!template)
    throw new StepFailure(
      "TemplateObjectRetrievalFailure",
      `unable to get template [${name}] of kind [${kind}]: not found`,
    );
  return template;
}
