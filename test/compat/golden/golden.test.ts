/** What a real API server answered to hundreds of scripts, against ours. The list of passing cases may only grow. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { checkOwn } from "./own.ts";

/** Cases that do not pass yet, each with the reason. */
const KNOWN = join(import.meta.dirname, "known-differences.json");

test("answers are those that a real API server gave", { timeout: 300_000 }, async () => {
  const known = JSON.parse(await readFile(KNOWN, "utf8")) as Record<string, string>;
  const verdicts = await checkOwn();
  const different = verdicts.filter(({ differences }) => differences.some(({ weight }) => weight === "hard"));
  const worse = different.filter(({ id }) => !(id in known));
  const first = worse.map(({ id, differences: [difference] }) => `${id}: ${JSON.stringify(difference)}`);
  assert.deepEqual(first, [], "these cases passed before");
  const better = Object.keys(known).filter((id) => !different.some((verdict) => verdict.id === id));
  assert.deepEqual(better, [], "these cases pass now: take them out of known-differences.json");
});
