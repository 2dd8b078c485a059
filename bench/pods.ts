/** pods: from the creation of a pod until it runs, where that time goes, and what pods cost (root, for runc). */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Metrics } from "./main.ts";
import { SCENARIOS } from "./pods/scenarios.ts";

/** As the program itself is started. */
const FLAGS = ["--max-semi-space-size=4"];
const SCRIPT = fileURLToPath(new URL("./pods/run.ts", import.meta.url));

/** `SLIPWAY_PODS=runc,cron` measures only these. */
export async function run(): Promise<Metrics> {
  const chosen = process.env.SLIPWAY_PODS?.split(",") ?? Object.keys(SCENARIOS);
  const metrics: Metrics = {};
  for (const scenario of chosen) Object.assign(metrics, await measured(scenario));
  return metrics;
}

async function measured(scenario: string): Promise<Metrics> {
  const child = spawn(process.execPath, [...FLAGS, SCRIPT, scenario], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`the scenario ${scenario} ended with code ${code}`);
  return JSON.parse(output) as Metrics;
}
