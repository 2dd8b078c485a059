/** Runs a host tool to its end. The only way in which this room starts tools that are not containers. */
import { spawn } from "node:child_process";

export type ToolResult = { code: number; stdout: string; stderr: string };

/** The environment of host tools: nothing of ours, so that no credential leaks into them. */
export const TOOL_ENVIRONMENT = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" };

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
  const result = await runHostTool(command, args, options);
  if (result.code !== 0)
    throw new Error(`${command} ${args.join(" ")} failed with code ${result.code}: ${result.stderr.trim()}`);
  return result.stdout;
}
