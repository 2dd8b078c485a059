/**
 * `npm test`: checks, unit tests and end-to-end tests. `unit` or `e2e` as argument runs only those.
 * The last line is `N passed, N failed, N skipped`; every skipped test prints its reason.
 */
import { readdirSync } from "node:fs";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { runChecks } from "./check.ts";

type Counts = { passed: number; failed: number; skipped: number };
type Suite = { files: string[]; concurrency: number };

const [only] = process.argv.slice(2);

function testsBelow(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true }) as string[];
  return files
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => `${folder}/${file}`)
    .sort();
}

const everything = [...testsBelow("src"), ...testsBelow("test")];
const isEndToEnd = (file: string): boolean => file.startsWith("test/e2e/");
const SUITES: { readonly [name: string]: Suite } = {
  unit: { files: everything.filter((file) => !isEndToEnd(file)), concurrency: 2 },
  e2e: { files: everything.filter(isEndToEnd), concurrency: 1 },
};

async function runSuite({ files, concurrency }: Suite): Promise<Counts> {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  const stream = run({ files, concurrency, timeout: 10 * 60_000 });
  stream.on("test:pass", ({ skip, name, details }) => {
    if (details.type === "suite") return;
    if (skip === undefined || skip === false) counts.passed++;
    else {
      counts.skipped++;
      console.log(`SKIPPED ${name}: ${typeof skip === "string" ? skip : "no reason given"}`);
    }
  });
  stream.on("test:fail", ({ details }) => {
    if (details.type !== "suite") counts.failed++;
  });
  for await (const text of stream.compose(spec)) process.stdout.write(text);
  return counts;
}

const total: Counts = { passed: 0, failed: 0, skipped: 0 };
if (!only) {
  const checks = runChecks();
  total.passed += checks.passed;
  total.failed += checks.failed;
}
for (const [name, suite] of Object.entries(SUITES)) {
  if (only && only !== name) continue;
  const counts = await runSuite(suite);
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
