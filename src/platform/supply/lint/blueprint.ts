/** Rules of supply chains and deliveries alone: what admission refuses, and steps that could never read their inputs. Pure; spec: Cartographer's validation. */
import type { Step } from "../blueprint.ts";
import { type BlueprintObject, toSelector } from "../owner.ts";
import { requirementsOf } from "../rehearsal/selection.ts";
import { whyNoOwnerField } from "./fields.ts";
import type { Path, Report } from "./finding.ts";
import { type BlueprintKind, DEPLOYABLE, DEPLOYS, type InputList } from "./kinds.ts";

export function lintBlueprint(blueprint: BlueprintObject, kind: BlueprintKind, report: Report): void {
  const { resources: steps } = blueprint.spec;
  const selector = requirementsOf(toSelector(blueprint));
  if (selector.length === 0)
    report.error(
      "selector-missing",
      ["spec"],
      `the ${kind.noun} needs a selector, selectorMatchExpressions or selectorMatchFields`,
    );
  lintFields(blueprint.spec.selectorMatchFields ?? [], ["spec", "selectorMatchFields"], { kind, report });
  for (const [index, step] of steps.entries()) {
    const path = ["spec", "resources", index];
    if (steps.findIndex(({ name }) => name === step.name) < index)
      report.error("duplicate-step", [...path, "name"], `there are several steps named ${step.name}`);
    lintTemplateReference(step, [...path, "templateRef"], { kind, report });
    lintInputs(step, index, { steps, path, kind, report });
    lintDeployment(step, index, { steps, path, kind, report });
  }
  const cycle = findCycle(steps);
  if (cycle) report.error("cycle", ["spec", "resources"], `steps wait for each other: ${cycle.join(" → ")}`);
}

function lintFields(
  fields: readonly { key: string; operator: string; values?: readonly string[] | undefined }[],
  path: Path,
  { kind, report }: Pick<Place, "kind" | "report">,
): void {
  for (const [index, { key, operator, values = [] }] of fields.entries()) {
    const wantsValues = operator === "In" || operator === "NotIn";
    if (wantsValues && values.length === 0)
      report.error("selector-values", [...path, index], `${operator} needs values`);
    if (!wantsValues && values.length > 0)
      report.error("selector-values", [...path, index], `${operator} takes no values`);
    const why = whyNoOwnerField(key, kind.selectable);
    if (why) report.error("selector-field", [...path, index, "key"], `${key}: ${why}`);
  }
}

function lintTemplateReference(step: Step, path: Path, place: Pick<Place, "kind" | "report">): void {
  const { report } = place;
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
    if (option.passThrough) lintPassThrough(step, option.passThrough, [...at, "passThrough"], place);
    lintFields(option.selector.matchFields ?? [], [...at, "selector", "matchFields"], place);
  }
  if (options.filter(({ passThrough }) => passThrough).length > 1)
    report.error("template-options", [...path, "options"], "at most one option may pass an input through");
}

function lintPassThrough(
  step: Step,
  input: string,
  path: Path,
  { kind, report }: Pick<Place, "kind" | "report">,
): void {
  const list = listsOf(kind).find((candidate) => kind.inputs[candidate] === step.templateRef.kind);
  const found = list && step[list]?.some(({ name }) => name === input);
  if (!found) report.error("template-options", path, `${input} is none of the step's ${list ?? "inputs"}`);
}

type Place = { steps: readonly Step[]; path: Path; kind: BlueprintKind; report: Report };

function listsOf({ inputs }: BlueprintKind): InputList[] {
  return Object.keys(inputs) as InputList[];
}

function lintInputs(step: Step, index: number, place: Place): void {
  const { path, kind } = place;
  for (const list of listsOf(kind))
    for (const [at, { name, resource }] of (step[list] ?? []).entries())
      lintInput({ what: `input ${name}`, list, resource, wanted: [kind.inputs[list] ?? ""] }, index, {
        ...place,
        path: [...path, list, at],
      });
}

/** A step that deploys is given what it deploys, and no configuration besides. */
function lintDeployment(step: Step, index: number, place: Place): void {
  const { path, report } = place;
  const isDeploying = step.templateRef.kind === DEPLOYS;
  if (isDeploying && !step.deployment)
    report.error("deployment", path, `step ${step.name} is a ${DEPLOYS}: give it a deployment`);
  if (isDeploying && step.configs?.length)
    report.error("deployment", [...path, "configs"], `step ${step.name} is a ${DEPLOYS}: it takes no configs`);
  if (!step.deployment) return;
  const at = [...path, "deployment"];
  if (!isDeploying) report.error("deployment", at, `step ${step.name} is no ${DEPLOYS}: it takes no deployment`);
  const { resource } = step.deployment;
  lintInput({ what: "deployment", list: "deployment", resource, wanted: DEPLOYABLE }, index, { ...place, path: at });
}

type Input = { what: string; list: string; resource: string; wanted: readonly string[] };

function lintInput({ what, list, resource, wanted }: Input, index: number, { steps, path, report }: Place): void {
  const from = steps.findIndex((other) => other.name === resource);
  const kind = steps[from]?.templateRef.kind;
  if (kind === undefined) report.error("input", path, `${what} reads step ${resource}, which there is not`);
  else if (!wanted.includes(kind))
    report.error("input", path, `${list} reads steps of kind ${wanted.join(" or ")}; ${resource} is a ${kind}`);
  else if (from >= index)
    report.error("input-order", path, `step ${resource} comes later, so its output is never there: move it up`);
}

function findCycle(steps: readonly Step[]): string[] | undefined {
  const inputs = new Map(
    steps.map(({ name, sources = [], images = [], configs = [], deployment }) => [
      name,
      [...sources, ...images, ...configs, ...(deployment ? [deployment] : [])].map(({ resource }) => resource),
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
