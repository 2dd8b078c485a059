/** Host tools started by a small process of their own: this program does not stand still for each of them. */
import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { outputOf, TOOL_ENVIRONMENT, type ToolResult } from "../process.ts";
import { childTools, type HostTools, type ToolOptions } from "./host-tools.ts";

const SCRIPT = fileURLToPath(new URL("launcher.pl", import.meta.url));
/** What a pipe takes while nobody reads it. */
const LARGEST_INPUT = 32_768;
const NOT_STARTED = "-";

export interface ToolLauncher extends HostTools {
  /** Ends it once the tools have ended that run. Tools that are asked for later are children of this program. */
  close(): void;
}

/** A launcher, which begins with the first tool. Where there is no Perl, tools are children of this program. */
export function createToolLauncher(): ToolLauncher {
  return new Launcher();
}

type Job = PromiseWithResolvers<ToolResult> & { again: () => Promise<ToolResult> };

class Launcher implements ToolLauncher {
  private readonly jobs = new Map<string, Job>();
  private child: ChildProcess | undefined;
  private isUsable = true;
  private count = 0;
  private rest = "";

  run(command: string, args: readonly string[], options: ToolOptions = {}): Promise<ToolResult> {
    const { cwd = "", input = "" } = options;
    if (!this.isUsable || input.length > LARGEST_INPUT) return childTools.run(command, args, options);
    const job = { ...Promise.withResolvers<ToolResult>(), again: () => childTools.run(command, args, options) };
    const key = String(++this.count);
    const child = this.process();
    this.jobs.set(key, job);
    this.hold(child);
    child.stdin?.write(`${[key, cwd, input, command, ...args].map(encodeURIComponent).join(" ")}\n`);
    return job.promise;
  }

  async require(command: string, args: readonly string[], options?: ToolOptions): Promise<string> {
    return outputOf([command, ...args], await this.run(command, args, options));
  }

  close(): void {
    this.isUsable = false;
    this.child?.stdin?.end();
  }

  private process(): ChildProcess {
    if (this.child) return this.child;
    const child = spawn("perl", [SCRIPT], { stdio: ["pipe", "pipe", "ignore"], env: TOOL_ENVIRONMENT });
    this.child = child;
    this.rest = "";
    child.stdin.on("error", () => undefined);
    child.stdout.setEncoding("utf8").on("data", (text: string) => this.receive(text));
    child.on("error", () => this.doWithout());
    child.on("close", () => this.lose(child));
    return child;
  }

  private receive(text: string): void {
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop() ?? "";
    for (const line of lines) {
      const [key = "", code = "", stdout = "", stderr = ""] = line.split(" ").map(decoded);
      const job = this.jobs.get(key);
      this.jobs.delete(key);
      if (code === NOT_STARTED) job?.reject(new Error(stderr));
      else job?.resolve({ code: Number(code), stdout, stderr });
    }
    if (this.child) this.hold(this.child);
  }

  /** It keeps this program alive only while somebody waits for it. */
  private hold(child: ChildProcess): void {
    const parts = [child, child.stdin as Socket | null, child.stdout as Socket | null];
    for (const part of parts)
      if (this.jobs.size > 0) part?.ref?.();
      else part?.unref?.();
  }

  /** It could not be started: nothing has been done. */
  private doWithout(): void {
    this.isUsable = false;
    for (const { again, resolve } of this.jobs.values()) resolve(again());
    this.jobs.clear();
  }

  private lose(child: ChildProcess): void {
    if (this.child !== child) return;
    this.child = undefined;
    for (const { reject } of this.jobs.values()) reject(new Error("the launcher of host tools was ended by somebody"));
    this.jobs.clear();
  }
}

/** The launcher encodes bytes, and text is made of what they spell. */
function decoded(field: string): string {
  return Buffer.from(
    field.replace(/%([0-9A-F]{2})/g, (_, code) => String.fromCharCode(parseInt(code, 16))),
    "latin1",
  ).toString();
}
