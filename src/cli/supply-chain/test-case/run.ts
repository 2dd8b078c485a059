/** Runs one template test: stamps what is given, compares it with what is expected. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { TEMPLATE_KINDS, type Template } from "#api/carto.run/templates.ts";
import type { Unstructured } from "#api/meta.ts";
import { isObject } from "#kit/json.ts";
import { TemplateError } from "#kit/template.ts";
import { renderYtt, YttError } from "#kit/ytt/index.ts";
import { type Output, parseOutput, rehearseObjects, stampAlone } from "#platform/supply/index.ts";
import { CliError } from "../../errors.ts";
import { locateObjects } from "../../input.ts";
import { compare } from "./compare.ts";
import type { TestCase } from "./find.ts";
import type { Given, Outputs } from "./info.ts";

/** `problem` is why nothing was stamped; `diff` is what differs from what was expected. */
export type TestResult = { passed: boolean; problem?: string; diff: string[]; milliseconds: number };

export async function runTestCase(test: TestCase, now: () => number): Promise<TestResult> {
  const started = now();
  const finish = (result: Omit<TestResult, "milliseconds">): TestResult => ({
    ...result,
    milliseconds: now() - started,
  });
  try {
    const stamped = await stampGiven(test);
    const diff = compare(await readOne(test.expected, "expected"), stamped, test.compare);
    return finish({ passed: diff.length === 0, diff });
  } catch (error) {
    if (!(error instanceof CliError) && !(error instanceof TemplateError) && !(error instanceof YttError)) throw error;
    return finish({ passed: false, problem: error.message, diff: [] });
  }
}

async function stampGiven(test: TestCase): Promise<Unstructured> {
  const { mockSupplyChain, supplyChain } = test.given;
  const workload = await readOne(test.workload, "workload");
  const template = await readOne(test.template, "template", test.templateValues);
  if (!TEMPLATE_KINDS[template.kind])
    throw new CliError("usage", `${test.template}: ${template.kind} is no kind of template`);
  const owner = { ...workload, metadata: { namespace: "default", ...workload.metadata } };
  if (test.chains.length === 0) {
    const { blueprintInputs = {}, blueprintParams = [] } = mockSupplyChain ?? {};
    const { sources = {}, images = {}, configs = {}, deployment } = blueprintInputs;
    const each = (given: Outputs, toOutput: (value: Given) => Output): Record<string, Output> =>
      Object.fromEntries(Object.entries(given).map(([name, value]) => [name, toOutput(value)]));
    const inputs = {
      sources: each(sources, sourceOf),
      images: each(images, ({ image }) => ({ kind: "image", image })),
      configs: each(configs, ({ config }) => ({ kind: "config", config })),
      deployment: deployment && sourceOf(deployment),
    };
    return stampAlone(template as unknown as Template, owner, { ...inputs, params: blueprintParams as never });
  }
  if (mockSupplyChain) throw new CliError("usage", "give mockSupplyChain or supply chain files, not both");
  const target = supplyChain?.targetResourceName;
  if (!target)
    throw new CliError("usage", "given.supplyChain.targetResourceName is missing: the step that takes the template");
  const chains = (await Promise.all(test.chains.map((path) => readAll(path, test.chainValues)))).flat();
  const outputs = new Map(Object.entries(outputsOf(supplyChain.previousOutputs)));
  return await stampInChain(owner, [...chains, template], { target, outputs });
}

async function stampInChain(
  owner: Unstructured,
  objects: readonly Unstructured[],
  { target, outputs }: { target: string; outputs: ReadonlyMap<string, Output> },
): Promise<Unstructured> {
  const rehearsal = await rehearseObjects(owner, objects, outputs);
  if (rehearsal.problem) throw new CliError("failed", rehearsal.problem);
  const step = rehearsal.steps.find(({ name }) => name === target);
  if (!step) throw new CliError("failed", `supply chain ${rehearsal.chain} has no step ${target}`);
  if (step.unknown.length > 0)
    throw new CliError(
      "failed",
      `step ${target} reads ${step.unknown.join(", ")}: give it in given.supplyChain.previousOutputs`,
    );
  if (!step.object)
    throw new CliError("failed", step.problem ?? `step ${target} passes ${step.passThrough} on and stamps nothing`);
  return step.object;
}

/** A mocked source need not be complete: a template reads what it reads. */
function sourceOf({ url, revision }: Given): Output {
  return { kind: "source", url, revision };
}

function outputsOf(given: Outputs = {}): Record<string, Output> {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => {
      const output = isObject(value) ? parseOutput(value) : undefined;
      if (!output) throw new CliError("usage", `the output ${name} is not {url, revision}, {image} or {config}`);
      return [name, output];
    }),
  );
}

async function readOne(path: string | undefined, what: string, values?: string): Promise<Unstructured> {
  if (path === undefined)
    throw new CliError("usage", `there is no ${what} file: name it in info.yaml, or write ${what}.yaml`);
  const objects = await readAll(path, values);
  const [object] = objects;
  if (!object || objects.length > 1)
    throw new CliError("usage", `${path} holds ${objects.length} objects; it must hold one`);
  return object;
}

/** The objects of a file or of all files of a folder, preprocessed with ytt when there are values for it. */
async function readAll(path: string, values: string | undefined): Promise<Unstructured[]> {
  const found = await stat(path).catch((error: Error) => {
    throw new CliError("usage", `cannot read ${path}: ${error.message}`);
  });
  const files = found.isDirectory()
    ? (await readdir(path))
        .filter((name) => name.endsWith(".yaml"))
        .sort()
        .map((name) => join(path, name))
    : [path];
  return (await Promise.all(files.map(async (file) => locateObjects(await preprocess(file, values), file))))
    .flat()
    .map(({ object }) => object);
}

/** The values are a ytt file with `#@data/values`, or plain YAML. */
async function preprocess(file: string, values: string | undefined): Promise<string> {
  const text = await readFile(file, "utf8");
  if (values === undefined) return text;
  const given = await readFile(values, "utf8");
  const template = { path: file, text };
  return /^#@\s*data\/values/m.test(given)
    ? renderYtt([template, { path: values, text: given }]).text
    : renderYtt([template], { dataValuesYaml: given }).text;
}
