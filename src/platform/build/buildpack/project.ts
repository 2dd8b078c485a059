/** What a Node.js buildpack reads from a source tree. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { isObject } from "#kit/json.ts";
import { type Lock, parseLock } from "./lock.ts";

/** package.json, as far as building needs it. */
export type PackageJson = {
  name?: string;
  version?: string;
  main?: string;
  scripts?: Record<string, string>;
  engines?: Record<string, string>;
} & Record<string, unknown>;

export type Project = {
  packageJson: PackageJson;
  /** Present when the project has anything to install. */
  lock?: Lock;
  npmrc: string;
  /** Names in the top directory. */
  files: readonly string[];
};

/** The project, or why this buildpack cannot build the tree. */
export type Detected = { kind: "project"; project: Project } | { kind: "refused"; reason: string };

const LOCKS = ["npm-shrinkwrap.json", "package-lock.json"] as const;
const FOREIGN_LOCKS = ["yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb"];
const DEPENDENCIES = ["dependencies", "optionalDependencies", "workspaces"] as const;

/** Looks at the top directory of a tree. */
export async function detectProject(tree: string): Promise<Detected> {
  const files = (await readdir(tree)).sort();
  if (!files.includes("package.json")) return refused(`looked for package.json, found ${listing(files)}`);
  const packageJson = parseObject(await readFile(join(tree, "package.json"), "utf8"));
  if (typeof packageJson === "string") return refused(`package.json is not a JSON object: ${packageJson}`);
  const npmrc = files.includes(".npmrc") ? await readFile(join(tree, ".npmrc"), "utf8") : "";
  const project: Project = { packageJson: packageJson as PackageJson, npmrc, files };
  if (!hasDependencies(project.packageJson)) return { kind: "project", project };
  const name = LOCKS.find((candidate) => files.includes(candidate));
  if (!name) return refused(missingLock(files));
  const lock = parseLock(name, await readFile(join(tree, name), "utf8"));
  return typeof lock === "string" ? refused(lock) : { kind: "project", project: { ...project, lock } };
}

function hasDependencies(packageJson: PackageJson): boolean {
  return DEPENDENCIES.some((field) => Object.keys(packageJson[field] ?? {}).length > 0);
}

function missingLock(files: readonly string[]): string {
  const foreign = FOREIGN_LOCKS.find((name) => files.includes(name));
  const found = foreign ? `, and ${foreign} is not supported` : "";
  return `package.json has dependencies but there is no package-lock.json${found}: run "npm install" and commit package-lock.json`;
}

function listing(files: readonly string[]): string {
  if (files.length === 0) return "an empty directory";
  return `${files.slice(0, 8).join(", ")}${files.length > 8 ? ", …" : ""}; if the application is in a subdirectory, set subPath`;
}

function parseObject(text: string): Record<string, unknown> | string {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : `it is ${JSON.stringify(value)?.slice(0, 40)}`;
  } catch (error) {
    return (error as Error).message;
  }
}

function refused(why: string): Detected {
  return { kind: "refused", reason: `no buildpack applies: ${why}` };
}
