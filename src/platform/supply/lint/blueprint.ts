/** Rules of supply chains alone: what admission refuses, and steps that could never read their inputs. Pure; spec: Cartographer's validation. */
import type { Step } from "../blueprint.ts";
import { type BlueprintObject, toSelector } from "../owner.ts";
import { requirementsOf } from "../rehearsal/selection.ts";
import { whyNoOwnerField } from "./fields.ts";
import type { Path, Report } from "./finding.ts";

/** Which kind of template each list of inputs reads from. */
const INPUT_KINDS = {
  sources: "ClusterSourceTemplate",
  images: "ClusterImageTemplate",
  configs: "ClusterConfigTemplate",
} as const;

type InputKind = keyof typeof INPUT_KINDS;

export function lintBlueprint(chain: BlueprintObject, report: Report): void {
  const { resources: steps } = chain.spec;
  const selector = requirementsOf(toSelector(chain));
  if (selector.length === 0)
    report.error(
      "selector-missing",
      ["spec"],
      "the supply chain needs a selector, selectorMatchExpressions or selectorMatchFields",
    );
  lintFields(chain.spec.selectorMatchFields ?? [], ["spec", "selectorMatchFields"], report);
  for (const [index, step] of steps.entries()) {
    const path = ["spec", "resources", index];
    if (steps.findIndex(({ name }) => name === step.name) < index)
      report.error("duplicate-step", [...path, "name"], `there are several steps named ${step.name}`);
    lintTemplateReference(step, [...path, "templateRef"], report);
    lintInputs(step, index, { steps, path, report });
  }
  const cycle = findCycle(steps);
  if (cycle) report.error("cycle", ["spec", "resources"], `steps wait for each other: ${cycle.join(" → ")}`);
}

function lintFields(
  fields: readonly { key: string; operator: string; values?: readonly string[] | undefined }[],
  path: Path,
  report: Report,
): void {
  for (const [index, { key, operator, values = [] }] of fields.entries()) {
    const wantsValues = operator === "In" || operator === "NotIn";
    if (wantsValues && values.length === 0)
      report.error("selector-values", [...path, index], `${operator} needs values`);
    if (!wantsValues && values.length > 0)
      report.error("selector-values", [...path, index], `${operator} takes no values`);
    const why = whyNoOwnerField(key);
    if (why) report.error("selector-field", [...path, index, "key"], `${key}: ${why}`);
  }
}

function lintTemplateReference(step: Step, path: Path, report: Report): void {
  const { name, options } = step.templateRef;
  if ((name === undefined) === (options === undefined))
    report.error(
      "template-ref",
      path,
      `step ${step.name} needs exactly one of templateRef.name and templateRef.options`,
    );
  if (!options) return;
  if (options.length < 2) report.error("template-options", [...path, "options"], "options must be two or more");
  for (const [index, option] of options.entries()) {
    const at = [...path, "options", index];
    if ((option.name === undefined) === (option.passThrough === undefined))
      report.error("template-options", at, "an option needs exactly one of name and passThrough");
    if (option.name && options.findIndex((other) => other.name === option.name) < index)
      report.error("template-options", [...at, "name"], `there are several options named ${option.name}`);
    const wanted = requirementsOf(option.selector);
    if (wanted.length === 0) report.error("template-options", [...at, "selector"], "an option needs a selector");
    const same = options.findIndex(
      (other) => JSON.stringify(requirementsOf(other.selector)) === JSON.stringify(wanted),
    );
    if (same < index) report.error("template-options", [...at, "selector"], "another option has the same selector");
    if (option.passThrough) lintPassThrough(step, option.passThrough, [...at, "passThrough"], report);
    lintFields(option.selector.matchFields ?? [], [...at, "selector", "matchFields"], report);
  }
  if (options.filter(({ passThrough }) => passThrough).length > 1)
    report.error("template-options", [...path, "options"], "at most one option may pass an input through");
}

function lintPassThrough(step: Step, input: string, path: Path, report: Report): void {
  const [list] = Object.entries(INPUT_KINDS).find(([, kind]) => kind === step.templateRef.kind) ?? [];
  const found = list && step[list as InputKind]?.some(({ name }) => name === input);
  if (!found) report.error("template-options", path, `${input} is none of the step's ${list ?? "inputs"}`);
}

type Place = { steps: readonly Step[]; path: Path; report: Report };

function lintInputs(step: Step, index: number, { steps, path, report }: Place): void {
  for (const list of Object.keys(INPUT_KINDS) as InputKind[])
    for (const [at, { name, resource }] of (step[list] ?? []).entries()) {
      const place = [...path, list, at];
      const from = steps.findIndex((other) => other.name === resource);
      const kind = steps[from]?.templateRef.kind;
      if (kind === undefined) report.error("input", place, `input ${name} reads step ${resource}, which there is not`);
      else if (kind !== INPUT_KINDS[list])
        report.error("input", place, `${list} read steps of kind ${INPUT_KINDS[list]}; ${resource} is a ${kind}`);
      else if (from >= index)
        report.error("input-order", place, `step ${resource} comes later, so its output is never there: move it up`);
    }
}

function findCycle(steps: readonly Step[]): string[] | undefined {
  const inputs = new Map(
    steps.map(({ name, sources = [], images = [], configs = [] }) => [
      name,
      [...sources, ...images, ...configs].map(({ resource }) => resource),
    ]),
  );
  const visit = (name: string, chain: readonly string[]): string[] | undefined => {
    const at = chain.indexOf(name);
    if (at >= 0) return [...chain.slice(at), name];
    for (const next of inputs.get(name) ?? []) {
      const cycle = visit(next, [...chain, name]);
      if (cycle) return cycle;
    }
    return undefined;
  };
  for (const { name } of steps) {
    const cycle = visit(name, []);
    if (cycle) return cycle;
  }
  return undefined;
}
