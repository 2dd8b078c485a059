/** Plays recorded cases on any server and compares the answers. */
import { readFile } from "node:fs/promises";
import { type Answer, answersFile, type Case, caseId, loadCases } from "./case.ts";
import { compareAnswers, type Difference } from "./compare.ts";
import { play, type Target } from "./play.ts";

export type Verdict = { id: string; differences: Difference[] };

/** Plays recorded cases and compares. */
export async function check(target: Target, cases: readonly Case[], atOnce = AT_ONCE): Promise<Verdict[]> {
  const recorded = new Map<string, Record<string, Answer[]>>();
  for (const { area } of cases) if (!recorded.has(area)) recorded.set(area, await readAnswers(area));
  return await inParallel(cases, atOnce, async (script) => {
    const expected = recorded.get(script.area)?.[script.name];
    if (!expected) throw new Error(`${caseId(script)} was never recorded: run.ts record --area ${script.area}`);
    const actual = await play(script, target, unique());
    return { id: caseId(script), differences: compareAnswers(expected, actual) };
  });
}

/** Cases have nothing in common on a server, and they mostly wait. */
export const AT_ONCE = 6;

/** The results of `work` on every case, in the order of the cases. */
export async function inParallel<T>(
  cases: readonly Case[],
  atOnce: number,
  work: (script: Case) => Promise<T>,
): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < cases.length; at = next++) results[at] = await work(cases[at] as Case);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}

/** The cases whose area and name begin with `prefix`. */
export async function casesOf(prefix: string): Promise<Case[]> {
  return (await loadCases()).filter((script) => caseId(script).startsWith(prefix));
}

/** What was recorded of an area, by the name of the case. */
export async function readAnswers(area: string): Promise<Record<string, Answer[]>> {
  const text = await readFile(answersFile(area), "utf8").catch(() => "{}");
  return JSON.parse(text) as Record<string, Answer[]>;
}

let counter = 0;

/** A name part that no other case of this process gets. */
export function unique(): string {
  counter += 1;
  // an o, so that it does not look like one of the names that controllers choose
  return `o${process.pid.toString(36)}x${counter.toString(36)}`;
}
