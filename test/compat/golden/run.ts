/**
 * Records what a server answers to the cases, or checks a server against what was recorded.
 *
 *   run.ts record --base https://127.0.0.1:6443 --token T [--area PREFIX] [--new]
 *   run.ts check  [--base https://127.0.0.1:6443 --token T] [--area PREFIX] [--soft]
 *
 * Without `--base` a server of our own is started and checked. `--new` leaves recorded cases as they are.
 */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { answersFile } from "./case.ts";
import { AT_ONCE, casesOf, check, inParallel, readAnswers, unique, type Verdict } from "./check.ts";
import { isOfControllers, play, type Target } from "./play.ts";

/** A real controller manager that is busy loses races that it wins otherwise. */
const RECORDED_AT_ONCE = 8;

async function record(target: Target, prefix: string, onlyNew: boolean): Promise<number> {
  let count = 0;
  for (const [area, cases] of Map.groupBy(await casesOf(prefix), (script) => script.area)) {
    const known = onlyNew ? await readAnswers(area) : {};
    const atOnce = cases.some(isOfControllers) ? RECORDED_AT_ONCE : AT_ONCE;
    const answers = await inParallel(cases, atOnce, async (script) => {
      count += known[script.name] ? 0 : 1;
      return [script.name, known[script.name] ?? (await play(script, target, unique()))];
    });
    await writeFile(answersFile(area), `${JSON.stringify(Object.fromEntries(answers), null, 1)}\n`);
  }
  return count;
}

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      base: { type: "string" },
      token: { type: "string" },
      area: { type: "string", default: "" },
      soft: { type: "boolean", default: false },
      new: { type: "boolean", default: false },
    },
  });
  const { base, token, area, soft } = values;
  if (positionals[0] === "record") {
    if (!base || !token) throw new Error("--base URL and --token TOKEN say which server is to be recorded");
    console.log(`${await record({ base, token }, area, values.new)} cases recorded`);
    return;
  }
  const verdicts =
    base && token ? await check({ base, token }, await casesOf(area)) : await (await import("./own.ts")).checkOwn(area);
  for (const { id, differences } of verdicts) {
    const shown = differences.filter(({ weight }) => soft || weight === "hard");
    for (const { where, weight, expected, actual } of shown)
      console.log(
        `${id}: ${weight} ${where}\n  expected ${expected.slice(0, 600)}\n  actual   ${actual.slice(0, 600)}`,
      );
  }
  const isHard = ({ differences }: Verdict): boolean => differences.some(({ weight }) => weight === "hard");
  const exact = verdicts.filter(({ differences }) => differences.length === 0).length;
  const hard = verdicts.filter(isHard).length;
  console.log(
    `${verdicts.length} cases: ${exact} equal, ${verdicts.length - exact - hard} in other words, ${hard} different`,
  );
}

if (import.meta.main) await main();
