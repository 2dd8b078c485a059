/** Steps with the templates that they name: unknown ones, inputs and parameters that do not fit. Pure. */
import type { Template } from "#api/carto.run/templates.ts";
import type { Step } from "../blueprint.ts";
import type { BlueprintObject } from "../owner.ts";
import type { Path, Report } from "./finding.ts";
import type { BlueprintKind } from "./kinds.ts";
import { type Uses, usesOf } from "./uses.ts";

type FindTemplate = (kind: string, name: string) => Template | undefined;

const LISTS = { source: "sources", image: "images", config: "configs" } as const;

export function lintSteps(
  blueprint: BlueprintObject,
  { noun, owner }: BlueprintKind,
  { find, report }: { find: FindTemplate; report: Report },
): void {
  const { resources: steps, params = [] } = blueprint.spec;
  const used: Uses[] = [];
  for (const [index, step] of steps.entries()) {
    const path = ["spec", "resources", index];
    const { kind, name, options = [] } = step.templateRef;
    const named: { name: string; at: Path }[] = [
      ...(name === undefined ? [] : [{ name, at: [...path, "templateRef", "name"] }]),
      ...options.flatMap((option, at) =>
        option.name ? [{ name: option.name, at: [...path, "templateRef", "options", at] }] : [],
      ),
    ];
    const stepUses = named.flatMap(({ name: wanted, at }) => {
      const template = find(kind, wanted);
      if (!template) {
        report.error("template-unknown", at, `there is no ${kind} named ${wanted}`);
        return [];
      }
      const uses = usesOf(template);
      lintFit(step, template, { uses, params, at, owner, report });
      return [uses];
    });
    used.push(...stepUses);
    for (const [at, param] of (step.params ?? []).entries())
      if (stepUses.length > 0 && !stepUses.some((uses) => uses.params(param.name)))
        report.warning(
          "param-unused",
          [...path, "params", at],
          `no template of step ${step.name} uses param ${param.name}`,
        );
  }
  for (const [at, { name }] of params.entries())
    if (used.length > 0 && !used.some((uses) => uses.params(name)))
      report.warning("param-unused", ["spec", "params", at], `no template of the ${noun} uses param ${name}`);
}

type Fit = {
  uses: Uses;
  params: NonNullable<BlueprintObject["spec"]["params"]>;
  at: Path;
  owner: string;
  report: Report;
};

function lintFit(step: Step, template: Template, { uses, params, at, owner, report }: Fit): void {
  const { name } = template.metadata;
  if (uses.deployment && !step.deployment)
    report.error("template-input", at, `template ${name} reads deployment, which step ${step.name} does not give`);
  for (const single of new Set(uses.singles)) {
    const count = step[LISTS[single]]?.length ?? 0;
    if (count !== 1)
      report.error(
        "template-input",
        at,
        `template ${name} reads ${single}, which is there with exactly one of ${LISTS[single]}; step ${step.name} has ${count}`,
      );
  }
  for (const { list, name: input } of uses.inputs)
    if (!step[list]?.some((given) => given.name === input))
      report.error(
        "template-input",
        at,
        `template ${name} reads ${list}.${input}, which step ${step.name} does not give`,
      );
  const given = [...(template.spec.params ?? []), ...params, ...(step.params ?? [])].map((param) => param.name);
  for (const param of uses.readParams)
    if (!given.includes(param))
      report.warning(
        "param-missing",
        at,
        `template ${name} reads param ${param}, which has no default: only ${owner}s that give it can be stamped`,
      );
}
