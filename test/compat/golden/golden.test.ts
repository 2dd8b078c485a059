/** What a real API server answered to hundreds of scripts, against ours. The list of passing cases may only grow. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { Verdict } from "./check.ts";
import { checkOwn } from "./own.ts";

/** Cases that do not pass yet, each with the reason. */
const KNOWN = join(import.meta.dirname, "known-differences.json");

const isDifferent = ({ differences }: Verdict): boolean => differences.some(({ weight }) => weight === "hard");

/** Controllers act in their own time: what differs is played once more, alone. */
async function confirm(verdicts: readonly Verdict[]): Promise<Verdict[]> {
  const again: Verdict[] = [];
  for (const { id } of verdicts) again.push(...(await checkOwn(id)).filter((verdict) => verdict.id === id));
  return again.filter(isDifferent);
}

test("answers are those that a real API server gave", { timeout: 600_000 }, async () => {
  const known = JSON.parse(await readFile(KNOWN, "utf8")) as Record<string, string>;
  const verdicts = await checkOwn();
  const different = verdicts.filter(isDifferent);
  const worse = await confirm(different.filter(({ id }) => !(id in known)));
  const first = worse.map(({ id, differences: [difference] }) => `${id}: ${JSON.stringify(difference)}`);
  assert.deepEqual(first, [], "these cases passed before");
  const better = Object.keys(known).filter((id) => !different.some((verdict) => verdict.id === id));
  assert.deepEqual(better, [], "these cases pass now: take them out of known-differences.json");
});
