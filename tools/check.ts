/** `npm run check`: types, lint and format, dead code, stale generated files. The import graph is a test. */
import { spawnSync } from "node:child_process";

const CHECKS: { readonly [name: string]: readonly string[] } = {
  types: ["node_modules/.bin/tsc", "--noEmit"],
  lint: ["node_modules/.bin/biome", "check", "--error-on-warnings", "."],
  "dead code": ["node_modules/.bin/knip", "--no-progress"],
  generated: [process.execPath, "tools/gen/main.ts", "--check"],
};

/** Runs all checks and prints the output of those that fail; returns how many passed and failed. */
export function runChecks(): { passed: number; failed: number } {
  const result = { passed: 0, failed: 0 };
  for (const [name, [command = "", ...args]] of Object.entries(CHECKS)) {
    const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
    if (status === 0) result.passed++;
    else result.failed++;
    console.log(`${status === 0 ? "ok  " : "FAIL"} ${name}`);
    if (status !== 0) console.log(`${stdout}${stderr}`);
  }
  return result;
}

if (import.meta.main) process.exitCode = runChecks().failed > 0 ? 1 : 0;
