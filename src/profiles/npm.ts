/** Runs npm for builds: in a sandbox, with an npm cache of its own and none of our environment but the way to the registry. */
import { mkdir, realpath } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import type { SandboxRuntime } from "#ports/sandbox/runtime.ts";
import { runTool } from "#ports/sandbox/tool.ts";

/** Variables that say how to reach the npm registry. None of them is a credential of the platform. */
const PASSED_ON = [
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "http_proxy",
  "https_proxy",
  "no_proxy",
  "NODE_EXTRA_CA_CERTS",
  "SSL_CERT_FILE",
  "npm_config_registry",
  "npm_config_cafile",
];

const TIMEOUT_MS = 10 * 60_000;

export type NpmOptions = {
  runtime: SandboxRuntime;
  /** Node.js to run npm with. */
  node: string;
  /** Folder for the npm cache and the sandbox's own files. */
  directory: string;
  env: NodeJS.ProcessEnv;
};

type NpmResult = { code: number; output: string };
export type NpmRunner = (
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
) => Promise<NpmResult>;

/** A way to run npm in a sandbox. Fails on first use when the machine has no npm. */
export function sandboxedNpm(options: NpmOptions): NpmRunner {
  let runs = 0;
  return async (args, cwd, env, signal) => {
    const cli = await findNpm(options.env);
    if (!cli) return { code: 127, output: "npm is not installed on this machine: install it, it comes with Node.js" };
    const cache = join(options.directory, "npm-cache");
    const scratch = join(options.directory, "tools");
    await Promise.all([cache, scratch].map((folder) => mkdir(folder, { recursive: true })));
    const readOnly = (source: string) => ({ source, target: source, readOnly: true });
    return await runTool(options.runtime, {
      id: `npm-${process.pid}-${++runs}`,
      args: [options.node, cli, ...args],
      cwd,
      env: { ...networkEnvironment(options.env), ...env, npm_config_cache: cache },
      mounts: [
        readOnly(dirname(options.node)),
        readOnly(dirname(dirname(cli))),
        { source: cache, target: cache, readOnly: false },
      ],
      network: true,
      timeoutMs: TIMEOUT_MS,
      scratch,
      ...(signal && { signal }),
    });
  };
}

function networkEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(PASSED_ON.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
}

/** npm's command line program: the one that runs us, else the one on the PATH. */
async function findNpm(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const candidates = [env.npm_execpath, ...(env.PATH ?? "").split(delimiter).map((folder) => join(folder, "npm"))];
  for (const candidate of candidates) {
    const path = candidate ? await realpath(candidate).catch(() => undefined) : undefined;
    if (path?.endsWith("npm-cli.js")) return path;
  }
  return undefined;
}
