/** boot: from the start of the process to Ready, first and later starts, and memory when idle. */
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { reserve, startProgram } from "../test/harness/program.ts";
import type { Metrics } from "./main.ts";
import { quantile } from "./statistics.ts";

const STARTS = 5;
const IDLE_MS = 5_000;

export async function run(): Promise<Metrics> {
  const ready: number[] = [];
  const rss: number[] = [];
  const sandbox = await reserve();
  try {
    for (let start = 0; start < STARTS; start++) {
      const program = await startProgram(sandbox);
      ready.push(program.readyAfterMs);
      await sleep(IDLE_MS);
      rss.push(await residentMegabytes(program.pid));
      await program.stop();
    }
  } finally {
    await sandbox.remove();
  }
  const [first = Number.NaN, ...later] = ready;
  return {
    first_ready_ms: Math.round(first),
    later_ready_p50_ms: Math.round(quantile(later, 0.5)),
    idle_rss_p50_mb: Math.round(quantile(rss, 0.5)),
  };
}

async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
}
