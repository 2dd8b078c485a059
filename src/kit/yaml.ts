/** YAML as Kubernetes clients write it: YAML 1.1 scalars, several documents, errors that name the line. */
import { LineCounter, parseAllDocuments, stringify } from "yaml";
import { SCALARS, WRITTEN_SCALARS } from "./yaml-scalars.ts";

/** A YAML text that does not parse; `message` names the source, line and column. */
export class YamlError extends Error {
  override name = "YamlError";
}

/** Parses every document of `text`; empty documents are left out. `source` names the text in errors. */
export function parseYaml(text: string, source = "input"): unknown[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { ...SCALARS, lineCounter: lines, uniqueKeys: true });
  if (!Array.isArray(documents)) return [];
  return documents.flatMap((document) => {
    const error = document.errors[0];
    if (error) {
      const at = lines.linePos(error.pos[0]);
      throw new YamlError(`${source}:${at.line}:${at.col}: ${error.message.split("\n")[0]}`, { cause: error });
    }
    const value = document.toJS({ maxAliasCount: 100 }) as unknown;
    return value === null || value === undefined ? [] : [value];
  });
}

/** Block-style YAML of one value; strings that look like other types are quoted. */
export function renderYaml(value: unknown): string {
  return stringify(value, { ...WRITTEN_SCALARS, lineWidth: 0, aliasDuplicateObjects: false });
}

/** Several values as one multi-document text. */
export function renderYamlDocuments(values: readonly unknown[]): string {
  return values.map(renderYaml).join("---\n");
}
