import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { sweepLayers } from "./layer-sweep.ts";

test("what is kept and what was used lately stays, and nothing is left of the rest", async () => {
  const directory = await mkdtemp(join(tmpdir(), "slipway-sweep-"));
  for (const [name, second] of [
    ["kept", 1],
    ["old", 2],
    ["new", 9],
  ] as const) {
    await mkdir(join(directory, name, "root"), { recursive: true });
    await writeFile(join(directory, name, "root", "file"), Buffer.alloc(100_000));
    await writeFile(join(directory, name, "marker"), "");
    await utimes(join(directory, name, "marker"), second, second);
  }
  const options = {
    isKept: ({ path }: { path: string }) => path === join(directory, "kept", "root"),
    unusedSinceMs: 5_000,
    marker: "marker",
    temporary: "tmp-",
  };
  assert.ok((await sweepLayers(directory, options)) >= 100_000);
  assert.deepEqual((await readdir(directory)).toSorted(), ["kept", "new"]);
  assert.equal(await sweepLayers(directory, options), 0);
  await rm(directory, { recursive: true });
});
