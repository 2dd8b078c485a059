/** Runs the real program for end-to-end tests and benchmarks: own data folder, own ports, ended and removed afterwards. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const ROOT: string = fileURLToPath(new URL("../..", import.meta.url));
const LAUNCHER = join(ROOT, "bin", "slipway");
const READY_TIMEOUT_MS = 180_000;

export type Program = {
  data: string;
  portBase: number;
  /** From the start of the process to the READY line, in milliseconds. */
  readyAfterMs: number;
  readyLine: string;
  output: () => string;
  pid: number;
  /** Ends the program at once, as a crash would. */
  crash(): Promise<void>;
  /** Ends the program with `slipway down`. */
  stop(): Promise<void>;
};

export type Sandbox = { data: string; portBase: number; remove(): Promise<void> };

/** A data folder and a range of free ports. */
export async function reserve(): Promise<Sandbox> {
  const data = await mkdtemp(join(tmpdir(), "slipway-"));
  return { data, portBase: await freePortBase(), remove: () => rm(data, { recursive: true, force: true }) };
}

async function freePortBase(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const base = 10_000 + Math.floor(Math.random() * 20_000);
    if ((await Promise.all([base, base + 43, base + 80].map(isFree))).every(Boolean)) return base;
  }
  throw new Error("no free ports found");
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/** `flags` are more of `slipway up`. */
type StartOptions = { demo?: boolean; flags?: readonly string[] };

function spawnProgram(sandbox: Sandbox, options: StartOptions) {
  const place = ["--data", sandbox.data, "up", "--port-base", String(sandbox.portBase)];
  const args = [LAUNCHER, ...place, ...(options.demo ? ["--demo"] : []), ...(options.flags ?? [])];
  return spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"], cwd: ROOT });
}

/** Starts `slipway up` and kills it after so many milliseconds, wherever it is. */
export async function crashAfter(sandbox: Sandbox, milliseconds: number, options: StartOptions = {}): Promise<void> {
  const child = spawnProgram(sandbox, options);
  child.stdout.resume();
  child.stderr.resume();
  await sleep(milliseconds);
  await end(child, "SIGKILL");
}

/** Starts `slipway up` and waits for its READY line. */
export async function startProgram(sandbox: Sandbox, options: StartOptions = {}): Promise<Program> {
  const started = performance.now();
  const child = spawnProgram(sandbox, options);
  let output = "";
  const readyLine = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`not READY after ${READY_TIMEOUT_MS / 1000} s:\n${output}`)),
      READY_TIMEOUT_MS,
    );
    const onData = (chunk: Buffer): void => {
      output += chunk.toString();
      const line = /^READY .*$/m.exec(output)?.[0];
      if (!line) return;
      clearTimeout(timer);
      resolve(line);
    };
    child.stdout.on("data", onData);
    child.stderr.on("data", onData);
    child.once("exit", (code) => {
      clearTimeout(timer);
      reject(new Error(`the program ended with code ${code}:\n${output}`));
    });
  }).catch(async (error: unknown) => {
    await end(child, "SIGKILL");
    throw error;
  });
  return {
    ...sandbox,
    readyAfterMs: performance.now() - started,
    readyLine,
    output: () => output,
    pid: child.pid ?? 0,
    crash: () => end(child, "SIGKILL"),
    stop: () => end(child, "SIGTERM"),
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  await ended;
}

export type CommandResult = { code: number; stdout: string; stderr: string };

/** Runs a command to its end. */
export function run(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; input?: string } = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd ?? ROOT,
      env: { ...process.env, ...options.env },
      stdio: "pipe",
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
    });
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? 1, stdout, stderr }));
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input);
  });
}

/** Runs a command that must succeed; returns what it printed. */
export async function must(
  command: string,
  args: readonly string[],
  options: Parameters<typeof run>[2] = {},
): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, options);
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with code ${code}:\n${stdout}${stderr}`);
  return stdout;
}

/** Runs the `slipway` command against a program. */
export function slipway(sandbox: { data: string }, ...args: string[]): Promise<CommandResult> {
  return run(process.execPath, [LAUNCHER, "--data", sandbox.data, ...args]);
}
