/** From the files of a directory to the objects in them. Pure. */
import type { Unstructured } from "#api/meta.ts";
import { isObject } from "#kit/json.ts";
import { parseYaml, YamlError } from "#kit/yaml.ts";

export type DirectoryOptions = {
  recurse?: boolean;
  include?: string;
  exclude?: string;
  /** Files of any name are manifests. */
  disableExtensionFilter?: boolean;
};

/** Files that do not make a plain directory of manifests, or not one that can be read. */
export class ManifestError extends Error {
  override name = "ManifestError";
}

const TOOL_FILES: { readonly [file: string]: string } = {
  "Chart.yaml": "a Helm chart",
  "kustomization.yaml": "a Kustomize overlay",
  "kustomization.yml": "a Kustomize overlay",
  Kustomization: "a Kustomize overlay",
};

/** Every object in the directory's YAML and JSON files, in path order; Lists are opened. Throws ManifestError. */
export function parseManifests(files: ReadonlyMap<string, Uint8Array>, options: DirectoryOptions = {}): Unstructured[] {
  for (const [file, what] of Object.entries(TOOL_FILES))
    if (files.has(file))
      throw new ManifestError(
        `the directory is ${what} (${file}): only plain YAML and JSON can be synced, render it first`,
      );
  const paths = [...files.keys()].filter((path) => isManifest(path, options)).sort();
  return paths.flatMap((path) => parseFile(path, Buffer.from(files.get(path) ?? []).toString()));
}

/** Whether the file has to be read at all. */
export function isRelevant(path: string, options: DirectoryOptions = {}): boolean {
  return options.disableExtensionFilter === true || /\.(ya?ml|json)$/.test(path) || Object.hasOwn(TOOL_FILES, path);
}

function isManifest(path: string, options: DirectoryOptions): boolean {
  const { recurse, include, exclude } = options;
  if (!isRelevant(path, options) || (!recurse && path.includes("/"))) return false;
  if (path.split("/").at(-1)?.startsWith(".argocd-source")) return false;
  if (exclude && compileGlob(exclude).test(path)) return false;
  return !include || compileGlob(include).test(path);
}

function parseFile(path: string, text: string): Unstructured[] {
  try {
    return parseYaml(text, path).flatMap((value, index) => parseObject(value, `${path}, document ${index + 1}`));
  } catch (error) {
    if (error instanceof YamlError) throw new ManifestError(error.message, { cause: error });
    throw error;
  }
}

function parseObject(value: unknown, place: string): Unstructured[] {
  if (!isObject(value)) throw new ManifestError(`${place} is not a Kubernetes object`);
  const { apiVersion, kind, metadata, items } = value;
  if (typeof apiVersion !== "string" || typeof kind !== "string")
    throw new ManifestError(`${place} lacks apiVersion or kind`);
  if (kind.endsWith("List") && Array.isArray(items))
    return items.flatMap((item, index) => parseObject(item, `${place}, item ${index + 1}`));
  if (!isObject(metadata) || typeof metadata.name !== "string" || metadata.name === "")
    throw new ManifestError(`${place} (${kind}) lacks metadata.name`);
  const { status: _status, ...object } = value;
  return [object as Unstructured];
}

/** `*` stays within a segment, `**` does not, `{a,b}` are alternatives. */
export function compileGlob(glob: string): RegExp {
  let depth = 0;
  const expression = glob.replaceAll(/\*\*\/?|[\s\S]/g, (token) => {
    if (token.startsWith("**")) return ".*";
    if (token === "*") return "[^/]*";
    if (token === "?") return "[^/]";
    if (token === "," && depth > 0) return "|";
    if (token === "{") depth++;
    else if (token === "}" && depth > 0) depth--;
    else return token.replace(/[$()+.[\\\]^|}]/, "\\$&");
    return token === "{" ? "(?:" : ")";
  });
  return new RegExp(`^${expression}${")".repeat(depth)}$`);
}
