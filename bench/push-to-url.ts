/** push-to-url: a source-only change is pushed; when is the image there, when does the new revision answer? */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { get } from "../test/harness/http.ts";
import { must, reserve, slipway, startProgram } from "../test/harness/program.ts";
import type { Metrics } from "./main.ts";
import { summary } from "./statistics.ts";

const PUSHES = 15;
const POLL_MS = 5;
const PAUSE_MS = 1_000;

type Trace = { steps: { step: string; at?: string }[] };

export async function run(): Promise<Metrics> {
  const sandbox = await reserve();
  const work = await mkdtemp(join(tmpdir(), "push-to-url-"));
  const program = await startProgram(sandbox, { demo: true });
  const answered: number[] = [];
  const image: number[] = [];
  const build: number[] = [];
  try {
    const url = program.readyLine.replace("READY ", "");
    await must("git", ["clone", "-q", `http://127.0.0.1:${sandbox.portBase}/git/hello-web.git`, work]);
    const original = await readFile(join(work, "server.js"), "utf8");
    for (let push = 1; push <= PUSHES; push++) {
      const greeting = `Hello number ${push}`;
      await writeFile(join(work, "server.js"), original.replace("Hello from Slipway", greeting));
      await must("git", ["-c", "user.name=b", "-c", "user.email=b@example.com", "commit", "-qam", greeting], {
        cwd: work,
      });
      const started = Date.now();
      const pushed = must("git", ["push", "-q"], { cwd: work });
      while (!(await get(url)).body.startsWith(greeting)) await sleep(POLL_MS);
      answered.push(Date.now() - started);
      await pushed;
      const commit = (await must("git", ["rev-parse", "HEAD"], { cwd: work })).trim();
      const times = await traceTimes(sandbox, commit);
      image.push(times.image - started);
      build.push(times.image - times.commit);
      await sleep(PAUSE_MS);
    }
  } finally {
    await program.stop();
    await sandbox.remove();
    await rm(work, { recursive: true, force: true });
  }
  return {
    pushes: PUSHES,
    ...summary("push_to_image", image),
    ...summary("commit_seen_to_image", build),
    ...summary("push_to_first_200", answered),
  };
}

async function traceTimes(sandbox: { data: string }, commit: string): Promise<{ commit: number; image: number }> {
  const [trace] = JSON.parse((await slipway(sandbox, "trace", commit, "-o", "json")).stdout) as Trace[];
  const at = (step: string): number => Date.parse(trace?.steps.find((entry) => entry.step === step)?.at ?? "");
  return { commit: at("commit"), image: at("image") };
}
