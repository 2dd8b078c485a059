/** Rules of templates alone: what admission refuses, texts that do not parse, parameters that nothing uses. Pure; spec: Cartographer's validation. */
import type { Template } from "#api/carto.run/templates.ts";
import { isObject } from "#kit/json.ts";
import { EvalFault } from "#kit/ytt/errors.ts";
import { renderYtt } from "#kit/ytt/index.ts";
import { leadingFields, unknownOwnerField, whyNoPath } from "./fields.ts";
import type { Report } from "./finding.ts";
import { OWNER_SCHEMAS } from "./kinds.ts";
import { tagsOf, usesOf } from "./uses.ts";

const ROOTS = new Set([
  "workload",
  "deliverable",
  "params",
  "labels",
  "source",
  "sources",
  "image",
  "images",
  "config",
  "configs",
  "deployment",
]);
const PATH_FIELDS = ["urlPath", "revisionPath", "imagePath", "configPath"] as const;

export function lintTemplate(template: Template, report: Report): void {
  const { template: tagged, ytt, healthRule, lifecycle, retentionPolicy, params = [] } = template.spec;
  if ((tagged === undefined) === (ytt === undefined))
    report.error("template-body", ["spec"], "a template needs exactly one of template and ytt");
  if (isObject(tagged?.metadata) && tagged.metadata.namespace !== undefined)
    report.error(
      "template-namespace",
      ["spec", "template", "metadata", "namespace"],
      "the namespace is always that of the owner",
    );
  if (retentionPolicy && (lifecycle ?? "mutable") === "mutable")
    report.error(
      "retention",
      ["spec", "retentionPolicy"],
      "only templates with lifecycle immutable or tekton keep old objects",
    );
  lintHealthRule(healthRule, report);
  lintObservation(template, report);
  for (const field of PATH_FIELDS) {
    const path = template.spec[field];
    const why = path === undefined ? undefined : whyNoPath(path);
    if (why) report.error("output-path", ["spec", field], `${path}: ${why}`);
  }
  if (ytt !== undefined) lintYtt(ytt, report);
  lintTags(template, report);
  const used = usesOf(template).params;
  for (const [index, { name }] of params.entries())
    if (!used(name)) report.warning("param-unused", ["spec", "params", index], `param ${name} is not used`);
}

function lintHealthRule(rule: Template["spec"]["healthRule"], report: Report): void {
  if (!rule) return;
  const path = ["spec", "healthRule"];
  const { alwaysHealthy, singleConditionType, multiMatch } = rule;
  const forms = [alwaysHealthy, singleConditionType, multiMatch].filter((form) => form !== undefined);
  if (forms.length !== 1)
    report.error(
      "health-rule",
      path,
      "a health rule is exactly one of alwaysHealthy, singleConditionType and multiMatch",
    );
  for (const side of ["healthy", "unhealthy"] as const) {
    if (!multiMatch) return;
    const { matchConditions = [], matchFields = [] } = multiMatch[side];
    if (matchConditions.length + matchFields.length === 0)
      report.error("health-rule", [...path, "multiMatch", side], `${side} needs matchConditions or matchFields`);
    for (const [index, { key }] of matchFields.entries()) {
      const why = whyNoPath(key);
      if (why)
        report.error("health-rule", [...path, "multiMatch", side, "matchFields", index, "key"], `${key}: ${why}`);
    }
  }
}

/** Paths into the stamped object that say when it is deployed. */
function lintObservation({ spec: { observedMatches = [], observedCompletion } }: Template, report: Report): void {
  const { succeeded, failed } = observedCompletion ?? {};
  const paths: [path: (string | number)[], key: string][] = [
    ...observedMatches.flatMap(({ input, output }, at): [(string | number)[], string][] => [
      [["observedMatches", at, "input"], input],
      [["observedMatches", at, "output"], output],
    ]),
    ...(succeeded ? [[["observedCompletion", "succeeded", "key"], succeeded.key] as [string[], string]] : []),
    ...(failed ? [[["observedCompletion", "failed", "key"], failed.key] as [string[], string]] : []),
  ];
  for (const [path, key] of paths) {
    const why = whyNoPath(key);
    if (why) report.error("observation", ["spec", ...path], `${key}: ${why}`);
    else if (leadingFields(key)[0] === "deployment")
      report.error(
        "observation",
        ["spec", ...path],
        `${key}: the path is one of the stamped object, e.g. spec.revision`,
      );
  }
}

/** What is wrong with a text whatever the values are; what fails for want of values is no finding. */
function lintYtt(text: string, report: Report): void {
  try {
    renderYtt([{ path: "template.yml", text }], { dataValues: {} });
  } catch (error) {
    const { message } = error as Error;
    if (!isEvaluation(error) || message.includes("cannot load"))
      report.error("ytt-syntax", ["spec", "ytt"], `ytt: ${message.trim().replace(/^- /, "")}`);
  }
}

function isEvaluation(error: unknown): boolean {
  return error instanceof EvalFault || (error instanceof Error && isEvaluation(error.cause));
}

function lintTags(template: Template, report: Report): void {
  for (const { expression, path } of tagsOf(template.spec.template, ["spec", "template"])) {
    const why = whyNoPath(expression);
    if (why) {
      report.error("tag-path", path, `tag $(${expression})$ does not parse: ${why}`);
      continue;
    }
    const [root = "", ...fields] = leadingFields(expression);
    if (!ROOTS.has(root)) report.error("tag-path", path, `tag $(${expression})$: there is no ${root || "such value"}`);
    const schema = OWNER_SCHEMAS[root];
    const unknown = schema && unknownOwnerField(schema, fields);
    if (unknown) report.error("tag-path", path, `tag $(${expression})$: a ${root} has no field ${unknown}`);
  }
}
