import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { DEFAULT_COLLECTION, excessBytes, ImageCollector, planCollection } from "./collector.ts";
import { KnownImages } from "./known-images.ts";
import { LayerUse } from "./layer-use.ts";

const image = (name: string, sizeBytes = 10) => ({
  reference: `${name}@sha256:1`,
  sizeBytes,
  layers: [`/layers/base`, `/layers/${name}`],
  pulledWith: "",
});

async function scratch(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), "slipway-images-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

describe("KnownImages", () => {
  it("remembers over restarts, and lists the largest first with all their names", async () => {
    await using directory = await scratch();
    const file = join(directory.path, "images.json");
    const clock = () => new Date(1000);
    const known = await KnownImages.open(file, clock);
    await Promise.all([
      known.set("app:1", image("app")),
      known.set("app:latest", { ...image("app"), pulledWith: "somebody" }),
      known.set("db:1", image("db", 20)),
    ]);
    const again = await KnownImages.open(file, clock);
    assert.deepEqual(again.list(), [
      { names: ["db@sha256:1", "db:1"], sizeBytes: 20 },
      { names: ["app@sha256:1", "app:1", "app:latest"], sizeBytes: 10 },
    ]);
    assert.deepEqual(again.get("app:1"), {
      ...image("app"),
      pulledWith: ["", "somebody"],
      since: 1000,
      usedAt: 1000,
    });
    await again.forget("app@sha256:1");
    assert.equal((await KnownImages.open(file, clock)).get("app:latest"), undefined);
  });

  it("knows nothing when the file is of no use", async () => {
    await using directory = await scratch();
    const file = join(directory.path, "images.json");
    for (const text of ["{", "[]", '{"images":[{"reference":1}],"names":[["a","b"],["c"]]}']) {
      await writeFile(file, text);
      assert.deepEqual((await KnownImages.open(file, () => new Date())).all(), []);
    }
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
    it(`${used} of 100 used`, () => assert.equal(excessBytes(diskOf(used), DEFAULT_COLLECTION), expected));
});

const diskOf = (used: number) => ({ totalBytes: 100, freeBytes: 100 - used, totalInodes: 0, freeInodes: 0 });

describe("planCollection", () => {
  const setting = { minAgeMs: 100, maxAgeMs: 500 };
  const entry = (name: string, since: number, usedAt: number) => ({
    ...{ reference: name, names: [name], sizeBytes: 1, layers: [], pulledWith: [""] },
    ...{ since, usedAt },
  });
  it("takes those first that were not used for longest, never what is used or has just come", () => {
    const images = [
      entry("used", 0, 0),
      entry("young", 950, 950),
      entry("b", 10, 600),
      entry("a", 20, 600),
      entry("old", 0, 400),
    ];
    const { candidates, expired } = planCollection(images, new Set(["used"]), setting, 1000);
    assert.deepEqual(
      candidates.map(({ reference }) => reference),
      ["old", "b", "a"],
    );
    assert.equal(expired, 1);
  });
});

describe("ImageCollector", () => {
  it("forgets images until there is room, keeps the layers of the others, and says when that was not enough", async () => {
    await using directory = await scratch();
    let now = 0;
    const clock = () => new Date(now);
    const known = await KnownImages.open(join(directory.path, "images.json"), clock);
    for (const name of ["first", "second", "third"]) {
      now += 1000;
      await known.set(`${name}:1`, image(name));
    }
    const stored = new Map(["base", "first", "second", "third", "stray"].map((name) => [`/layers/${name}`, 4]));
    const events: string[] = [];
    let used = 90;
    const collector = new ImageCollector({
      known,
      layers: {
        directory: directory.path,
        sweep: async ({ keep, minAgeMs }) => {
          assert.equal(minAgeMs, DEFAULT_COLLECTION.minAgeMs);
          const gone = [...stored.keys()].filter((path) => !keep.has(path));
          for (const path of gone) stored.delete(path);
          used -= 4 * gone.length;
          return 4 * gone.length;
        },
      },
      disk: async () => diskOf(used),
      setting: DEFAULT_COLLECTION,
      usedImages: () => new Set(["first@sha256:1"]),
      usedLayers: () => new Set(["/layers/first"]),
      clock,
      onEvent: (reason, message) => events.push(`${reason}: ${message}`),
    });
    now += 3_600_000;
    await collector.collect();
    assert.deepEqual([...stored.keys()], ["/layers/base", "/layers/first"]);
    assert.deepEqual(events, []);
    used = 95;
    await collector.collect();
    assert.deepEqual(events, [
      "FreeDiskSpaceFailed: Failed to garbage collect required amount of images. Attempted to free 15 bytes, but only found 0 bytes eligible to free.",
    ]);
    used = 10;
    await known.set("fourth:1", image("fourth"));
    await collector.deleteUnused();
    assert.equal(known.get("fourth:1")?.sizeBytes, 10, "it has just come");
    now += 3_600_000;
    await collector.deleteUnused();
    assert.deepEqual(
      known.all().map(({ reference }) => reference),
      ["first@sha256:1"],
    );
    await collector.close();
  });
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
