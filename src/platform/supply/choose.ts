/** Which template a step uses for an owner: the named one, or the one option whose selector matches. */
import { TEMPLATE_KINDS, type Template } from "#api/carto.run/templates.ts";
import type { Unstructured } from "#api/meta.ts";
import type { Context } from "#engine/controller/controller.ts";
import type { Step } from "./blueprint.ts";
import { StepFailure } from "./failure.ts";
import { mostSpecific, score } from "./selection.ts";

export type Choice = { name: string } | { passThrough: string };

/** Throws StepFailure unless exactly one option matches. `place` says in messages which step of which blueprint it is. */
export function chooseTemplate(
  owner: Unstructured,
  { templateRef: { name, options = [] } }: Step,
  place: string,
): Choice {
  if (name) return { name };
  const winners = matching(owner, options, place);
  const [winner] = winners;
  if (!winner || winners.length > 1) {
    const found = winners.map((option) => option.name ?? option.passThrough).join(", ");
    throw new StepFailure(
      "TemplateOptionsMatchError",
      `expected exactly 1 option to match, found [${winners.length}] matching options ${found && `[${found}] `}for ${place}`,
    );
  }
  return winner.passThrough ? { passThrough: winner.passThrough } : { name: winner.name ?? "" };
}

type Options = NonNullable<Step["templateRef"]["options"]>;

function matching(owner: Unstructured, options: Options, place: string): Options {
  for (const { name = "passThrough", selector } of options)
    try {
      score(selector, owner);
    } catch (error) {
      throw new StepFailure(
        "ResolveTemplateOptionsError",
        `error matching against template option [${name}] for ${place}: ${(error as Error).message}`,
      );
    }
  return mostSpecific(options, (option) => option.selector, owner);
}

/** Throws StepFailure when there is no such template. */
export async function findTemplate(
  { templateRef: { kind } }: Step,
  name: string,
  { place, context }: { place: string; context: Context },
): Promise<Template> {
  const resource = TEMPLATE_KINDS[kind];
  const template = resource && (await context.get(resource, name));
  if (!template)
    throw new StepFailure(
      "TemplateObjectRetrievalFailure",
      `unable to get template [${name}] for ${place}: ${resource ? `${resource.plural}.${resource.group}` : kind} "${name}" not found`,
    );
  return template;
}
