/** `supply-chain lint`: what is wrong with supply chains and templates, with file and line. */
import type { Unstructured } from "#api/meta.ts";
import { type Finding, lint } from "#platform/supply/index.ts";
import { CliError } from "../errors.ts";
import { type LocatedObject, readObjects } from "../input.ts";
import { parseFormat, print } from "../print.ts";

type Located = {
  severity: Finding["severity"];
  rule: string;
  at: string;
  object: string;
  field: string;
  message: string;
};

/** `known` is what the files may refer to. Throws CliError when there are errors, or in `strict` warnings. */
export async function lintFiles(
  files: readonly string[],
  known: readonly Unstructured[],
  options: { output?: string; strict?: boolean },
): Promise<void> {
  const located = await readObjects(files);
  const findings = lint(
    located.map(({ object }) => object),
    known,
  ).map((finding) => locate(finding, located));
  print(parseFormat(options.output), findings, () => renderFindings(findings, located.length));
  const errors = findings.filter(({ severity }) => severity === "error" || options.strict);
  if (errors.length > 0) throw new CliError("failed", `${errors.length} of ${findings.length} findings must be mended`);
}

function locate({ severity, rule, object, path, message }: Finding, located: readonly LocatedObject[]): Located {
  const place = located.find((candidate) => candidate.object === object);
  return {
    severity,
    rule,
    at: place?.at(path) ?? "",
    object: `${object.kind}/${object.metadata.name}`,
    field: path
      .map((part) => (typeof part === "number" ? `[${part}]` : `.${part}`))
      .join("")
      .slice(1),
    message,
  };
}

function renderFindings(findings: readonly Located[], objects: number): string {
  const lines = findings.map(
    ({ severity, rule, at, object, message }) => `${at}: ${severity}: ${object}: ${message} [${rule}]`,
  );
  const count = (severity: string): number => findings.filter((finding) => finding.severity === severity).length;
  return [...lines, `${objects} objects: ${count("error")} errors, ${count("warning")} warnings`].join("\n");
}
