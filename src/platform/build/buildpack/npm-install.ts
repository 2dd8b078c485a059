/** Installing dependencies: what has to be there, and the layers that come out. */
import { randomUUID } from "node:crypto";
import { cp, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { arch } from "node:process";
import { sha256 } from "#kit/names.ts";
import { type LayerEntry, parentsOf } from "#ports/oci/layer.ts";
import { walkTree } from "#ports/oci/tree.ts";
import type { Lock } from "./lock.ts";
import type { PackageJson, Project } from "./project.ts";

/**
 * Runs npm with these arguments in a sandbox that sees `cwd`, the npm registry and an npm cache, but no credentials of
 * the platform. `output` is what npm printed.
 */
export type RunNpm = (
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
) => Promise<{ code: number; output: string }>;

/** npm ended with a failure; the message has the end of its output. */
export class NpmFailed extends Error {
  override name = "NpmFailed";
}

export type Installation = {
  /** True when install scripts or local packages make the result depend on the whole tree. */
  needsTree: boolean;
  /** Digest over everything that decides what gets installed. */
  key: string;
};

const ARGUMENTS = ["ci", "--omit=dev", "--no-audit", "--no-fund", "--no-update-notifier"] as const;
const INSTALL_SCRIPTS = ["preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare"];
const DECIDING_FIELDS =
  "dependencies optionalDependencies peerDependencies devDependencies bundleDependencies bundledDependencies overrides workspaces engines".split(
    " ",
  );
const KEPT_OUTPUT_LINES = 30;

/** Whether the tree matters to the installation, and the key under which its result can be found again. */
export function planInstallation(
  { packageJson, npmrc, lock }: Project & { lock: Lock },
  context: { node: string; env: Readonly<Record<string, string>>; tree: string },
): Installation {
  const scripts = INSTALL_SCRIPTS.map((name) => packageJson.scripts?.[name]);
  const needsTree = lock.hasLocalPackages || scripts.some(Boolean);
  const settings = Object.entries(context.env).filter(([name]) =>
    /^(?:npm_config_|NODE_ENV$|NODE_OPTIONS$)/i.test(name),
  );
  const fields = DECIDING_FIELDS.map((field) => packageJson[field]);
  const inputs = [
    lock.text,
    fields,
    scripts,
    npmrc,
    context.node,
    arch,
    settings.sort(),
    needsTree ? context.tree : "",
  ];
  return { needsTree, key: sha256(JSON.stringify(inputs)) };
}

/** A directory in which npm has installed the dependencies; the caller removes it. */
export async function install(
  project: Project & { lock: Lock },
  options: {
    tree: string;
    needsTree: boolean;
    workDirectory: string;
    env: Readonly<Record<string, string>>;
    runNpm: RunNpm;
    log: (line: string) => void;
    signal: AbortSignal | undefined;
  },
): Promise<string> {
  const directory = join(options.workDirectory, `npm-${randomUUID()}`);
  await mkdir(directory, { recursive: true });
  try {
    await (options.needsTree ? copyTree(options.tree, directory) : writeInputs(project, directory));
    const env = { CI: "true", ...options.env };
    const { code, output } = await options.runNpm(ARGUMENTS, directory, env, options.signal);
    options.signal?.throwIfAborted();
    for (const line of output.split("\n").filter(Boolean)) options.log(line);
    if (code !== 0) throw new NpmFailed(failure(code, output));
    return directory;
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

/** Every node_modules below a directory as entries below `as`, outermost only. */
export async function* moduleEntries(
  directory: string,
  { as, uid, gid }: { as: string; uid: number; gid: number },
): AsyncGenerator<LayerEntry> {
  const seen = new Set<string>();
  for (const path of await findModules(directory, "")) {
    for (const parent of parentsOf(`${as}/${path}`)) {
      if (seen.has(parent.path)) continue;
      seen.add(parent.path);
      yield { ...parent, uid, gid };
    }
    yield* walkTree(join(directory, path), { as: `${as}/${path}`, uid, gid });
  }
}

async function findModules(root: string, below: string): Promise<string[]> {
  const found: string[] = [];
  const entries = await readdir(join(root, below), { withFileTypes: true });
  for (const entry of entries.sort((left, right) => (left.name < right.name ? -1 : 1))) {
    const path = below ? `${below}/${entry.name}` : entry.name;
    if (!entry.isDirectory()) continue;
    if (entry.name === "node_modules") found.push(path);
    else found.push(...(await findModules(root, path)));
  }
  return found;
}

async function writeInputs({ packageJson, npmrc, lock }: Project & { lock: Lock }, directory: string): Promise<void> {
  await writeFile(join(directory, "package.json"), JSON.stringify(packageJson satisfies PackageJson));
  await writeFile(join(directory, lock.file), lock.text);
  if (npmrc) await writeFile(join(directory, ".npmrc"), npmrc);
}

async function copyTree(tree: string, directory: string): Promise<void> {
  const isSource = (path: string): boolean => ![".git", "node_modules"].includes(basename(path)) || path === tree;
  await cp(tree, directory, { recursive: true, verbatimSymlinks: true, filter: isSource });
}

function failure(code: number, output: string): string {
  const end = output.trimEnd().split("\n").slice(-KEPT_OUTPUT_LINES).join("\n");
  return `npm ${ARGUMENTS.join(" ")} ended with exit code ${code}:\n${end}`;
}
