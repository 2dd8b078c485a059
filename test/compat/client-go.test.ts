// client-go, the library that Go controllers are written with, against the embedded API server.
import { equal, match } from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { startCluster } from "./cluster.ts";

const SOURCE = new URL("./go", import.meta.url).pathname;
/** The first build downloads and compiles the modules. */
const BUILD_MS = 5 * 60_000;

type Run = { code: number; output: string };

function run(command: string, parameters: readonly string[], options: { cwd?: string; timeout: number }): Promise<Run> {
  return new Promise((resolve) => {
    execFile(command, parameters, options, (error, out, err) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, output: `${out}${err}` }),
    );
  });
}

test("client-go: clients, informers, patches, server-side apply, leader election, pages", async (context) => {
  if (spawnSync("go", ["version"]).status !== 0) return context.skip("go is not on PATH");
  const modules = await run("go", ["mod", "download"], { cwd: SOURCE, timeout: BUILD_MS });
  if (modules.code !== 0) return context.skip(`the Go modules cannot be downloaded: ${modules.output.slice(0, 200)}`);
  await using cluster = await startCluster();
  const program = join(cluster.folder, "compat");
  const built = await run("go", ["build", "-o", program, "."], { cwd: SOURCE, timeout: BUILD_MS });
  equal(built.code, 0, built.output);
  const kubeconfig = join(cluster.folder, "kubeconfig");
  await writeFile(kubeconfig, cluster.server.kubeconfig(), { mode: 0o600 });
  const { code, output } = await run(program, [kubeconfig], { timeout: 60_000 });
  equal(code, 0, output);
  match(output, /^done$/m);
});
