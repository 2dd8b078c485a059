/** Ways to run a container with runc: below the supervisor, which outlives this program, or in the foreground. */
import type { ChildProcess } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { FileWatch } from "../file-watch.ts";
import type { MainProcess } from "../main-process.ts";
import type { MainProgram } from "../main-program.ts";
import { toolPath } from "../process.ts";
import { PID_FILE, parsePid, readPid } from "../record.ts";
import { SandboxError } from "../runtime.ts";
import type { Detached } from "../supervisor/detached.ts";
import type { Supervisor } from "../supervisor/supervisor.ts";

/** Where a container lives. */
export type Bundle = { id: string; command: string; state: string; directory: string };

/** runc stays as long as the container runs, and has its exit code. Throws SandboxError when it cannot be started. */
export async function runInForeground(bundle: Bundle, program: MainProgram): Promise<MainProcess> {
  const pidFile = new FileWatch(bundle.directory, PID_FILE);
  try {
    const child = program.launch({ file: bundle.command, args: commandLine(bundle, ["--keep"]), echo: false });
    const end = followChild(child);
    const started = await Promise.race([pidFile.written(parsePid), end.ended.then(() => pidFile.read(parsePid))]);
    if (started === undefined) throw await startFailure(bundle);
    return { pid: started, ...end };
  } finally {
    pidFile.close();
  }
}

/** runc ends when the container has begun, and the supervisor becomes its parent. Throws SandboxError like the other. */
export async function runDetached(bundle: Bundle, detached: Detached, supervisor: Supervisor): Promise<MainProcess> {
  const launcher = await detached
    .start([toolPath(bundle.command), ...commandLine(bundle, ["--detach"])])
    .catch((cause: Error) => {
      throw new SandboxError("RunContainerError", `failed to start the container: ${cause.message}`, { cause });
    });
  const code = await supervisor.ended(launcher);
  supervisor.forget(launcher);
  const pid = code === 0 ? await readPid(bundle.directory) : undefined;
  if (pid !== undefined) return detached.follow(pid);
  await detached.release();
  throw await startFailure(bundle);
}

function commandLine({ id, state, directory }: Bundle, flags: readonly string[]): string[] {
  const log = ["--log", errorLog(directory), "--log-format", "json"];
  const files = ["--bundle", directory, "--pid-file", join(directory, PID_FILE)];
  return ["--root", state, ...log, "run", ...flags, ...files, id];
}

function followChild(child: ChildProcess): Pick<MainProcess, "gone" | "ended"> {
  const gone = new Promise((resolve) => child.on("exit", resolve).on("error", resolve));
  const ended = new Promise<number>((resolve) => {
    child.on("error", () => resolve(128));
    child.on("close", (code) => resolve(code ?? 137));
  });
  return { gone, ended };
}

function errorLog(directory: string): string {
  return join(directory, "runc.log");
}

/** What runc wrote to its log, as an error. */
async function startFailure({ directory }: Bundle): Promise<SandboxError> {
  const lines = (await readFile(errorLog(directory), "utf8").catch(() => "")).split("\n").filter(Boolean);
  const messages = lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
  const message = messages.at(-1) ?? "runc ended without saying why";
  return new SandboxError("RunContainerError", `failed to start the container: ${message}`);
}
