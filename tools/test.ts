/**
 * `npm test`: checks, unit tests and end-to-end tests, and as root again what depends on the user, as an ordinary one.
 * `unit`, `e2e` or `rootless` as argument runs only those. The last line is `N passed, N failed, N skipped`; every
 * skipped test prints its reason.
 */
import { readdirSync } from "node:fs";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { runChecks } from "./check.ts";
import { makeOrdinaryUser } from "./ordinary-user.ts";

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
/** End-to-end tests of the API alone: it does not know which user it belongs to. */
const SAME_FOR_ALL = ["access", "backup", "kubectl", "kubectl-verbs"].map((name) => `test/e2e/${name}.test.ts`);
const SUITES: { readonly [name: string]: Suite } = {
  unit: { files: everything.filter((file) => !isEndToEnd(file)), concurrency: 2 },
  e2e: { files: everything.filter(isEndToEnd), concurrency: 1 },
  rootless: {
    files: everything.filter(
      (file) => file.startsWith("src/ports/sandbox/") || (isEndToEnd(file) && !SAME_FOR_ALL.includes(file)),
    ),
    concurrency: 1,
  },
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

/** The suite that depends on the user, as one without privileges. */
async function runAsOrdinaryUser(): Promise<Counts> {
  console.log(`NOT RUN as an ordinary user, because it makes no difference: ${SAME_FOR_ALL.join(", ")}`);
  const user = makeOrdinaryUser(process.cwd());
  try {
    if (user.problem !== undefined) {
      console.log(`SKIPPED rootless: an ordinary user cannot run containers here: ${user.problem}`);
      return { passed: 0, failed: 0, skipped: 1 };
    }
    const last = (await user.run("tools/test.ts", ["rootless"])).trimEnd().split("\n").at(-1) ?? "";
    const [passed = 0, failed = 1, skipped = 0] = (last.match(/\d+/g) ?? []).map(Number);
    return { passed, failed, skipped };
  } finally {
    for (const command of user.remove()) console.log(`ended what the ordinary user left: ${command}`);
  }
}

const isRoot = process.getuid?.() === 0;
const total: Counts = { passed: 0, failed: 0, skipped: 0 };
if (!only) {
  const checks = runChecks();
  total.passed += checks.passed;
  total.failed += checks.failed;
}
for (const [name, suite] of Object.entries(SUITES)) {
  if (only ? only !== name : name === "rootless" && !isRoot) continue;
  const counts = await (name === "rootless" && isRoot ? runAsOrdinaryUser() : runSuite(suite));
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
