/** `convention preview`: reads conventions from a file and shows what they would change. */
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { ClusterPodConvention } from "#api/conventions.carto.run/index.ts";
import { isObject } from "#kit/json.ts";
import { applyDefaults } from "#kit/schema/fill.ts";
import { validate } from "#kit/schema/validate.ts";
import { parseYaml, YamlError } from "#kit/yaml.ts";
import { type Preview, previewOnCluster } from "#platform/convention/index.ts";
import type { Connection } from "../connection.ts";
import { CliError } from "../errors.ts";
import { parseFormat, print } from "../print.ts";

/** Prints the preview. Throws CliError when the file holds anything but conventions, or when an intent cannot be evaluated. */
export async function previewConvention({ client }: Connection, file: string, output?: string): Promise<void> {
  const format = parseFormat(output);
  const edited = parseConventions(await readInput(file), file);
  const preview = await previewOnCluster(client, edited, new AbortController().signal);
  print(format, preview, () => renderPreview(preview));
  if (preview.failed.length > 0)
    throw new CliError("failed", `${preview.failed.length} of the selected PodIntents could not be evaluated`);
}

async function readInput(file: string): Promise<string> {
  if (file === "-") return await text(process.stdin);
  return await readFile(file, "utf8").catch((error: Error) => {
    throw new CliError("usage", `cannot read ${file}: ${error.message}`);
  });
}

/** The conventions of a YAML text, checked as the server would check them. */
export function parseConventions(content: string, file: string): ClusterPodConvention[] {
  const documents = parseDocuments(content, file).flatMap((document) =>
    isObject(document) && document.kind === "List" && Array.isArray(document.items) ? document.items : [document],
  );
  const { apiVersion, kind, schema } = ClusterPodConvention;
  if (documents.length === 0) throw new CliError("usage", `${file} is empty`, `It must hold a ${kind}.`);
  return documents.map((document) => {
    if (!isObject(document) || document.kind !== kind || document.apiVersion !== apiVersion)
      throw new CliError("usage", `${file}: every document must be a ${kind} of ${apiVersion}`);
    applyDefaults(schema, document);
    const [problem] = validate(schema, document);
    if (problem) throw new CliError("usage", `${file}: ${problem.field}: ${problem.message}`);
    const { name } = isObject(document.metadata) ? document.metadata : {};
    if (typeof name !== "string" || name === "") throw new CliError("usage", `${file}: metadata.name is missing`);
    return document as unknown as ClusterPodConvention;
  });
}

function parseDocuments(content: string, file: string): unknown[] {
  try {
    return parseYaml(content, file);
  } catch (error) {
    if (error instanceof YamlError) throw new CliError("usage", error.message);
    throw error;
  }
}

/** The preview for people: each change with its diff, then what stays. */
export function renderPreview({ changed, unchanged, failed, notSelected }: Preview): string {
  const title = ({ namespace, name, workload }: Preview["unchanged"][number]): string =>
    `${namespace}/${name}${workload ? ` (workload ${workload})` : ""}`;
  const sections = [
    ...changed.map((change) =>
      [`${title(change)} would change:`, ...change.diff.map((line) => `  ${line}`)].join("\n"),
    ),
    ...failed.map((failure) => `${title(failure)} would fail:\n  ${failure.message}`),
  ];
  const count = (number: number, what: string): string => `${number} ${what}`;
  const summary = [
    count(changed.length, "would change"),
    count(failed.length, "would fail"),
    count(unchanged.length, "would stay as they are"),
    count(notSelected.length, "are not selected"),
  ].join(", ");
  return [...sections, `PodIntents: ${summary}.`].join("\n\n");
}
