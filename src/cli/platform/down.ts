/** `slipway down`: asks the running platform to end, and waits until it has; or ends what a killed one has left. */
import { setTimeout as sleep } from "node:timers/promises";
import { removeLeftovers } from "#profiles/leftovers.ts";
import { CliError } from "../errors.ts";
import { readRunFile } from "../paths.ts";

const PATIENCE_MS = 30_000;
const POLL_MS = 50;

export async function down(data: string): Promise<void> {
  const running = await readRunFile(data);
  if (!running) return await tidyUp(data);
  process.kill(running.pid, "SIGTERM");
  for (let waited = 0; waited < PATIENCE_MS; waited += POLL_MS) {
    if (!(await readRunFile(data))) return console.log("stopped");
    await sleep(POLL_MS);
  }
  throw new CliError(
    "failed",
    `process ${running.pid} did not end within ${PATIENCE_MS / 1000} s`,
    `It can be ended with: kill -9 ${running.pid}`,
  );
}

async function tidyUp(data: string): Promise<void> {
  const stopped = await removeLeftovers(data).catch((cause: Error) => {
    const hint = "If a platform is just starting there, wait until it is ready and try again.";
    throw new CliError("failed", `what is left in ${data} cannot be removed: ${cause.message}`, hint);
  });
  if (stopped === 0) return console.log(`The platform does not run (data in ${data}).`);
  console.log(`stopped ${stopped} container${stopped > 1 ? "s" : ""} that a killed platform had left`);
}
