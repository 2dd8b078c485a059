/** Files that commands read: by path, `-` for standard input, or an http(s) URL; YAML documents keep where they stand. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { isMap, isSeq, LineCounter, type Node, type ParsedNode, parseAllDocuments } from "yaml";
import type { Unstructured } from "#api/meta.ts";
import { isObject } from "#kit/json.ts";
import { parseYaml, YamlError } from "#kit/yaml.ts";
import { SCALARS } from "#kit/yaml-scalars.ts";
import { CliError } from "./errors.ts";

const FETCH_TIMEOUT_MS = 30_000;

/** The text. Throws CliError when it cannot be read. */
export async function readInput(source: string): Promise<string> {
  try {
    if (source === "-") return await text(process.stdin);
    if (/^https?:\/\//.test(source)) return await download(source);
    return await readFile(source, "utf8");
  } catch (error) {
    throw new CliError("usage", `cannot read ${source}: ${(error as Error).message}`);
  }
}

async function download(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return await response.text();
}

/** The documents of a YAML text. Throws CliError with file, line and column. */
export function parseDocuments(content: string, file: string): unknown[] {
  try {
    return parseYaml(content, file);
  } catch (error) {
    if (error instanceof YamlError) throw new CliError("usage", error.message);
    throw error;
  }
}

/** An object of a file; `at` gives `file:line` of a field, or of the nearest thing around it that there is. */
export type LocatedObject = { object: Unstructured; file: string; at(path: readonly (string | number)[]): string };

/** Every object of the files; folders stand for the .yaml and .yml files in them. Throws CliError for what is no object with kind and name. */
export async function readObjects(sources: readonly string[]): Promise<LocatedObject[]> {
  const files = (await Promise.all(sources.map(expand))).flat();
  return (await Promise.all(files.map(async (file) => locateObjects(await readInput(file), file)))).flat();
}

async function expand(source: string): Promise<string[]> {
  if (source === "-" || /^https?:\/\//.test(source)) return [source];
  const found = await stat(source).catch(() => undefined);
  if (!found?.isDirectory()) return [source];
  const entries = await readdir(source, { recursive: true, withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name));
  return names.map((entry) => join(entry.parentPath, entry.name)).sort();
}

/** The objects of a text; the items of a List are objects of their own. */
export function locateObjects(content: string, file: string): LocatedObject[] {
  parseDocuments(content, file);
  const lines = new LineCounter();
  const documents = parseAllDocuments(content, { ...SCALARS, lineCounter: lines });
  if (!Array.isArray(documents)) return [];
  return documents.flatMap((document) => {
    const value = document.toJS() as unknown;
    if (value === null || value === undefined) return [];
    const root = document.contents as ParsedNode;
    const located = (object: unknown, base: readonly (string | number)[]): LocatedObject => {
      const at = (path: readonly (string | number)[]): string =>
        `${file}:${lines.linePos(startOf(root, [...base, ...path])).line}`;
      if (!isNamed(object))
        throw new CliError("usage", `${at([])}: an object needs apiVersion, kind and metadata.name`);
      return { object, file, at };
    };
    if (isObject(value) && value.kind === "List" && Array.isArray(value.items))
      return value.items.map((item, index) => located(item, ["items", index]));
    return [located(value, [])];
  });
}

function isNamed(value: unknown): value is Unstructured {
  return (
    isObject(value) &&
    typeof value.apiVersion === "string" &&
    typeof value.kind === "string" &&
    isObject(value.metadata) &&
    typeof (value.metadata.name ?? value.metadata.generateName) === "string"
  );
}

/** The offset of the node at the path, or of the deepest one on the way to it. */
function startOf(root: ParsedNode, path: readonly (string | number)[]): number {
  let node: Node | null = root;
  let start = root.range?.[0] ?? 0;
  for (const step of path) {
    const next: unknown = isMap(node) || isSeq(node) ? node.get(step, true) : undefined;
    const pair = isMap(node) ? node.items.find(({ key }) => String(key) === String(step)) : undefined;
    const range = ((pair?.key ?? next) as Node | undefined)?.range;
    if (!range) break;
    start = range[0];
    node = next as Node;
  }
  return start;
}
