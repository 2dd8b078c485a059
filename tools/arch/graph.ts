/** The import graph of `src`: which file imports which, with `#room/…` imports resolved. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

export type ImportGraph = ReadonlyMap<string, readonly string[]>;

const IMPORT = /^(?:import|export)\s(?:[^"';=()]*?\bfrom\s+)?["']([^"'\n]+)["']/gm;
const DYNAMIC = /\bimport\(\s*["']([^"']+)["']\s*\)|new URL\(\s*["'](\.[^"']+\.ts)["']/g;

/** Reads every TypeScript file below `root` (paths are relative to it). Test files are left out. */
export function readImportGraph(root: string): ImportGraph {
  const files = (readdirSync(root, { recursive: true }) as string[]).filter(
    (file) => file.endsWith(".ts") && !file.endsWith(".test.ts"),
  );
  return new Map(files.map((file) => [file, importsOf(root, file)]));
}

function importsOf(root: string, file: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  const specifiers = [...text.matchAll(IMPORT), ...text.matchAll(DYNAMIC)].map((match) => match[1] ?? match[2] ?? "");
  return specifiers.flatMap((specifier) => {
    if (!specifier.endsWith(".ts")) return [];
    if (specifier.startsWith("#")) return [specifier.slice(1)];
    if (specifier.startsWith(".")) return [relative(root, join(root, dirname(file), specifier))];
    return [];
  });
}
