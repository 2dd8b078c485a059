/** Where a platform keeps its files, and how a second command finds the one that runs. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** What a running platform says of itself in `<data>/run/slipway.json`. */
export type RunFile = {
  pid: number;
  startedAt: string;
  profile: string;
  endpoints: { portal: string; git: string; registry: string; api: string; gateway: string };
};

/** `--data`, else `$SLIPWAY_HOME`, else `.slipway` here when `npm start` made one, else the user's data directory. */
export function dataDirectory(flag: string | undefined, env: NodeJS.ProcessEnv): string {
  const chosen = flag ?? env.SLIPWAY_HOME;
  if (chosen) return resolve(chosen);
  if (existsSync(".slipway")) return resolve(".slipway");
  return resolve(env.XDG_DATA_HOME ?? join(homedir(), ".local", "share"), "slipway");
}

export function runFilePath(data: string): string {
  return join(data, "run", "slipway.json");
}

export function kubeconfigPath(data: string): string {
  return join(data, "kubeconfig");
}

/** The run file of a platform whose process is alive, or undefined. */
export async function readRunFile(data: string): Promise<RunFile | undefined> {
  try {
    const file = JSON.parse(await readFile(runFilePath(data), "utf8")) as RunFile;
    process.kill(file.pid, 0);
    return file;
  } catch {
    return undefined;
  }
}
