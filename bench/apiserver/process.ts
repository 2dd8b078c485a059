/** The measured server as a child process: starting it, its CPU time and memory, asking it something, ending it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

/** How the program itself is started: with a small young generation. */
const FLAGS = ["--max-semi-space-size=4"];
const TICK_MS = 10;

export type ServerProcess = AsyncDisposable & {
  url: string;
  kubeconfig: string;
  /** From the first line of the script, and from before the process was made. */
  startMs: number;
  readyMs: number;
  cpuMs(): number;
  rssMb(): number;
  /** Sends a line and gives the JSON that comes back. */
  ask<T>(line: string): Promise<T>;
};

/** Starts a server on a folder. Throws when it ends before it answers. */
export async function startServer(folder: string): Promise<ServerProcess> {
  const began = performance.now();
  const script = new URL("./serve.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [...FLAGS, script, folder], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async <T>(): Promise<T> => {
    const { value, done } = await lines.next();
    if (done) throw new Error("the server ended early");
    return JSON.parse(value) as T;
  };
  const head = await next<{ url: string; kubeconfig: string; startMs: number }>();
  const readyMs = performance.now() - began;
  const proc = (file: string): string => readFileSync(`/proc/${child.pid}/${file}`, "utf8");
  return {
    ...head,
    readyMs,
    cpuMs: () => {
      const fields = proc("stat").split(") ")[1]?.split(" ") ?? [];
      return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
    },
    rssMb: () => Number(/^VmRSS:\s+(\d+)/m.exec(proc("status"))?.[1]) / 1024,
    ask: (line) => {
      child.stdin.write(`${line}\n`);
      return next();
    },
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}
