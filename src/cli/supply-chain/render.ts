/** `supply-chain render`: what a workload's supply chain stamps, from files alone. */
import type { Unstructured } from "#api/meta.ts";
import { isObject } from "#kit/json.ts";
import { renderYaml } from "#kit/yaml.ts";
import { type Output, parseOutput, type Rehearsal, rehearseObjects } from "#platform/supply/index.ts";
import { CliError } from "../errors.ts";
import { parseDocuments, readInput, readObjects } from "../input.ts";
import { parseFormat, print } from "../print.ts";
import { parseWorkload } from "../workload/base.ts";
import { stockCatalog } from "./known.ts";

export type RenderOptions = { workload: string; outputs?: string; step?: string; output?: string };

/** Throws CliError when no chain takes the workload or a step cannot be stamped. */
export async function renderFiles(files: readonly string[], options: RenderOptions): Promise<void> {
  const workload = parseWorkload(await readInput(options.workload), options.workload) as unknown as Unstructured;
  const given = (await readObjects(files)).map(({ object }) => object);
  const names = new Set(given.map(({ kind, metadata }) => `${kind}/${metadata.name}`));
  const hasChain = given.some(({ kind }) => kind === "ClusterSupplyChain");
  const stock = stockCatalog().filter(
    ({ kind, metadata }) => !names.has(`${kind}/${metadata.name}`) && !(hasChain && kind === "ClusterSupplyChain"),
  );
  const outputs = options.outputs ? parseOutputs(await readInput(options.outputs), options.outputs) : new Map();
  const owner = { ...workload, metadata: { namespace: "default", ...workload.metadata } };
  const rehearsal = await rehearseObjects(owner, [...given, ...stock], outputs);
  const shown = { ...rehearsal, steps: rehearsal.steps.filter(({ name }) => !options.step || name === options.step) };
  print(parseFormat(options.output), shown, () => renderObjects(shown));
  if (rehearsal.problem) throw new CliError("failed", rehearsal.problem);
  const [step] = shown.steps.filter(({ problem, unknown }) => problem && unknown.length === 0);
  if (step) throw new CliError("failed", `step ${step.name}: ${step.problem}`);
}

/** A map from step to `{url, revision}`, `{image}` or `{config}`. Throws CliError for anything else. */
function parseOutputs(content: string, file: string): Map<string, Output> {
  const [value] = parseDocuments(content, file);
  if (!isObject(value)) throw new CliError("usage", `${file} is no map of steps to outputs`);
  return new Map(
    Object.entries(value).map(([step, given]) => {
      const output = isObject(given) ? parseOutput(given) : undefined;
      if (!output)
        throw new CliError("usage", `${file}: the output of ${step} is not {url, revision}, {image} or {config}`);
      return [step, output];
    }),
  );
}

function renderObjects({ chain, steps }: Rehearsal): string {
  const documents = steps.map(({ name, template, passThrough, object, unknown, problem }) => {
    const by = template ? `${template.kind} ${template.name}` : `passes ${passThrough} on`;
    const notes = [
      `# supply chain ${chain}, step ${name}: ${by}`,
      ...(unknown.length > 0 ? [`# not known: the output of ${unknown.join(", ")}`] : []),
      ...(problem ? [`# ${problem}`] : []),
    ];
    return [...notes, ...(object ? [renderYaml(object).trimEnd()] : [])].join("\n");
  });
  return documents.join("\n---\n");
}
