/** Runs a host tool to its end. The only way in which this room starts tools that are not containers. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

export type ToolResult = { code: number; stdout: string; stderr: string };

/** The environment of host tools: nothing of ours, so that no credential leaks into them. */
export const TOOL_ENVIRONMENT = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" };

/** The absolute path of a host tool: for where a container's PATH must not decide. Its name when there is none. */
export function toolPath(name: string): string {
  const candidates = TOOL_ENVIRONMENT.PATH.split(":").map((directory) => join(directory, name));
  return candidates.find((path) => existsSync(path)) ?? name;
}

/**
 * Starts a host tool with pipes for its standard streams, in a session of its own. When this program ends, however that
 * happens, the tool gets a SIGTERM.
 */
export function spawnTied(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = TOOL_ENVIRONMENT,
): ChildProcess {
  return spawn(toolPath("setpriv"), ["--pdeathsig", "TERM", "--", command, ...args], {
    stdio: ["pipe", "pipe", "pipe"],
    env,
    detached: true,
  });
}

/** The tool's exit code and output. Rejects only when the tool cannot be started. */
export function runHostTool(
  command: string,
  args: readonly string[],
  options: { input?: string; cwd?: string; signal?: AbortSignal | undefined } = {},
): Promise<ToolResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ["pipe", "pipe", "pipe"],
      env: TOOL_ENVIRONMENT,
      ...(options.cwd !== undefined && { cwd: options.cwd }),
      ...(options.signal && { signal: options.signal, killSignal: "SIGKILL" }),
    });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 137, stdout, stderr }));
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input ?? "");
  });
}

/** Standard output of a tool that must succeed. Throws with the tool's own words otherwise. */
export async function requireHostTool(
  command: string,
  args: readonly string[],
  options: { input?: string; cwd?: string; signal?: AbortSignal | undefined } = {},
): Promise<string> {
  return outputOf([command, ...args], await runHostTool(command, args, options));
}

/** Standard output of a tool that has succeeded. Throws with the tool's own words otherwise. */
export function outputOf(command: readonly string[], { code, stdout, stderr }: ToolResult): string {
  if (code !== 0) throw new Error(`${command.join(" ")} failed with code ${code}: ${stderr.trim()}`);
  return stdout;
}
