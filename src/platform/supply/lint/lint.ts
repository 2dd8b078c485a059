/** Everything that can be said of supply chains, deliveries and templates before they are applied. Pure. */
import { ClusterDelivery } from "#api/carto.run/delivery.ts";
import { ClusterRunTemplate } from "#api/carto.run/runnable.ts";
import { ClusterSupplyChain } from "#api/carto.run/supply-chain.ts";
import { TEMPLATE_KINDS, type Template } from "#api/carto.run/templates.ts";
import type { Unstructured } from "#api/meta.ts";
import { validateRules } from "#kit/cel/validate-rules.ts";
import { clone } from "#kit/json.ts";
import { applyDefaults } from "#kit/schema/fill.ts";
import type { StructuralSchema } from "#kit/schema/structural.ts";
import { validate } from "#kit/schema/validate.ts";
import type { BlueprintObject } from "../owner.ts";
import { lintBlueprint } from "./blueprint.ts";
import { lintCoverage } from "./coverage.ts";
import { type Finding, Report } from "./finding.ts";
import { BLUEPRINT_KINDS } from "./kinds.ts";
import { lintSteps } from "./steps.ts";
import { lintTemplate } from "./template.ts";

const SCHEMAS: { readonly [kind: string]: StructuralSchema } = {
  [ClusterSupplyChain.kind]: ClusterSupplyChain.schema,
  [ClusterDelivery.kind]: ClusterDelivery.schema,
  [ClusterRunTemplate.kind]: ClusterRunTemplate.schema,
  ...Object.fromEntries(Object.entries(TEMPLATE_KINDS).map(([kind, { schema }]) => [kind, schema])),
};

/** Findings in the order of the objects. `known` is what the cluster has besides; an object of the same kind and name takes its place. */
export function lint(objects: readonly Unstructured[], known: readonly Unstructured[] = []): Finding[] {
  const keys = new Set(objects.map(keyOf));
  const world = [...objects, ...known.filter((object) => !keys.has(keyOf(object)))];
  const find = (kind: string, name: string): Template | undefined =>
    world.find((object) => object.kind === kind && object.metadata.name === name) as Template | undefined;
  return objects.flatMap((object) => {
    const report = new Report(object);
    if (!lintSchema(object, report)) return report.findings;
    if (TEMPLATE_KINDS[object.kind]) lintTemplate(object as unknown as Template, report);
    const kind = BLUEPRINT_KINDS[object.kind];
    if (kind) {
      const blueprint = object as unknown as BlueprintObject;
      const others = world.filter((other) => other.kind === object.kind && other !== object && isWellFormed(other));
      lintBlueprint(blueprint, kind, report);
      lintSteps(blueprint, kind, { find, report });
      lintCoverage(blueprint, others as unknown as BlueprintObject[], { kind, report });
    }
    lintAdmission(object, report);
    return report.findings;
  });
}

/** What admission would refuse besides, in its words. */
function lintAdmission(object: Unstructured, report: Report): void {
  const schema = SCHEMAS[object.kind];
  if (!schema || report.findings.some(({ severity }) => severity === "error")) return;
  const filled = clone(object) as Unstructured;
  applyDefaults(schema, filled);
  for (const { field = "", message } of validateRules(schema, filled).errors)
    report.error("admission", pathOf(field), `${field}: ${message}`);
}

function keyOf({ kind, metadata }: Unstructured): string {
  return `${kind}/${metadata.name}`;
}

function isWellFormed(object: Unstructured): boolean {
  return problemsOf(object).length === 0;
}

/** False when the object is not of the shape that the other rules rely on. */
function lintSchema(object: Unstructured, report: Report): boolean {
  const problems = problemsOf(object);
  for (const { field, message } of problems) report.error("schema", pathOf(field), `${field}: ${message}`);
  return problems.length === 0;
}

function problemsOf(object: Unstructured): { field: string; message: string }[] {
  const schema = SCHEMAS[object.kind];
  if (!schema) return [];
  const filled = clone(object) as Unstructured;
  applyDefaults(schema, filled);
  return validate(schema, filled).map(({ field = "", message }) => ({ field, message }));
}

/** `spec.resources[0].name` as its parts. */
function pathOf(field: string): (string | number)[] {
  return [...field.matchAll(/\[(\d+)\]|([^.[\]]+)/g)].map(([, index, name = ""]) =>
    index === undefined ? name : Number(index),
  );
}
