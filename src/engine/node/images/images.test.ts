import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { DEFAULT_COLLECTION, excessBytes } from "./collector.ts";
import { KnownImages } from "./known-images.ts";
import { LayerUse } from "./layer-use.ts";

describe("KnownImages", () => {
  it("remembers over restarts, and lists the largest first with all their names", async () => {
    const directory = await mkdtemp(join(tmpdir(), "slipway-images-"));
    const file = join(directory, "images.json");
    const known = await KnownImages.open(file);
    await Promise.all([
      known.set("app:1", { reference: "app@sha256:1", sizeBytes: 10 }),
      known.set("app:latest", { reference: "app@sha256:1", sizeBytes: 10 }),
      known.set("db:1", { reference: "db@sha256:2", sizeBytes: 20 }),
    ]);
    const again = await KnownImages.open(file);
    assert.deepEqual(again.list(), [
      { names: ["db@sha256:2", "db:1"], sizeBytes: 20 },
      { names: ["app@sha256:1", "app:1", "app:latest"], sizeBytes: 10 },
    ]);
    assert.equal(again.get("app:1")?.reference, "app@sha256:1");
    await rm(directory, { recursive: true });
  });
});

describe("excessBytes", () => {
  const rows: [number, number][] = [
    [50, 0],
    [85, 0],
    [86, 6],
    [100, 20],
  ];
  for (const [used, expected] of rows)
    it(`${used} of 100 used`, () =>
      assert.equal(excessBytes({ totalBytes: 100, freeBytes: 100 - used }, DEFAULT_COLLECTION), expected));
});

describe("LayerUse", () => {
  it("counts", () => {
    const use = new LayerUse();
    const [first, second] = [use.hold(["a", "b"]), use.hold(["b"])];
    first();
    first();
    assert.deepEqual([...use.inUse()], ["b"]);
    second();
    assert.equal(use.inUse().size, 0);
  });
});
