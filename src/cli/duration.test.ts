import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDuration } from "./duration.ts";

test("durations", () => {
  assert.deepEqual(["30s", "5m", "1h30m"].map(parseDuration), [30_000, 300_000, 5_400_000]);
  for (const text of ["", "5", "m", "1d"]) assert.throws(() => parseDuration(text), { name: "CliError" });
});
