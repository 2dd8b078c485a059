import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { planSweep, sweepLayers } from "./layer-sweep.ts";

const NOW = 1_000_000;
const layer = (name: string, ageMs: number) => ({ name, path: `/${name}`, lastUsedMs: NOW - ageMs });

test("layers in use and those just used stay; the oldest go first", () => {
  const layers = [layer("used", 900), layer("new", 5), layer("old", 500), layer("oldest", 800)];
  const plan = planSweep(layers, { inUse: new Set(["/used"]), minAgeMs: 10, maxAgeMs: 600 }, NOW);
  assert.deepEqual([plan.candidates.map(({ name }) => name), plan.expired], [["oldest", "old"], 1]);
});

test("as many layers go as space is needed, and the others stay as they are", async () => {
  const directory = await mkdtemp(join(tmpdir(), "slipway-sweep-"));
  for (const [index, name] of ["a", "b", "c"].entries()) {
    await mkdir(join(directory, name, "root"), { recursive: true });
    await writeFile(join(directory, name, "root", "file"), Buffer.alloc(100_000));
    await writeFile(join(directory, name, "marker"), "");
    const at = new Date(1_000_000 + index * 1000);
    await utimes(join(directory, name, "marker"), at, at);
  }
  const sweep = {
    inUse: new Set([join(directory, "a", "root")]),
    minAgeMs: 0,
    maxAgeMs: Number.POSITIVE_INFINITY,
    bytes: 1,
  };
  const freed = await sweepLayers(directory, { sweep, nowMs: 2_000_000, marker: "marker", temporary: "tmp-" });
  assert.deepEqual((await readdir(directory)).toSorted(), ["a", "c"]);
  assert.ok(freed >= 100_000);
  const none = { sweep: { ...sweep, bytes: 0 }, nowMs: 2_000_000, marker: "marker", temporary: "tmp-" };
  assert.equal(await sweepLayers(directory, none), 0);
  await rm(directory, { recursive: true });
});
