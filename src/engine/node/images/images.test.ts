import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { Secret } from "#api/builtin/types.gen.ts";
import { DEFAULT_COLLECTION, excessBytes } from "./collector.ts";
import { Keyring } from "./credentials.ts";
import { KnownImages } from "./known-images.ts";
import { LayerUse } from "./layer-use.ts";

const basic = (text: string): string => `Basic ${Buffer.from(text).toString("base64")}`;

function secret(auths: Record<string, string>, form: ".dockerconfigjson" | ".dockercfg" = ".dockerconfigjson"): Secret {
  const entries = Object.fromEntries(
    Object.entries(auths).map(([key, login]) => [key, { auth: Buffer.from(login).toString("base64") }]),
  );
  const text = JSON.stringify(form === ".dockercfg" ? entries : { auths: entries });
  const data = { [form]: Buffer.from(text).toString("base64") };
  return { apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, data };
}

describe("Keyring", () => {
  const rows: [string, Record<string, string>, string, string[]][] = [
    ["the host", { "registry.io": "a:1" }, "registry.io/team/app", ["a:1"]],
    ["another host", { "registry.io": "a:1" }, "other.io/team/app", []],
    ["the port", { "registry.io:5000": "a:1" }, "registry.io:5000/app", ["a:1"]],
    ["another port", { "registry.io:5000": "a:1" }, "registry.io:6000/app", []],
    ["a path", { "registry.io/team": "a:1" }, "registry.io/team/app", ["a:1"]],
    ["no part of a name", { "registry.io/te": "a:1" }, "registry.io/team/app", []],
    [
      "the most specific first",
      { "registry.io": "a:1", "registry.io/team": "b:2" },
      "registry.io/team/app",
      ["b:2", "a:1"],
    ],
    ["a pattern", { "*.registry.io": "a:1" }, "eu.registry.io/app", ["a:1"]],
    ["one part for each star", { "*.registry.io": "a:1" }, "a.eu.registry.io/app", []],
    ["part of a part", { "eu-*.registry.io": "a:1" }, "eu-west.registry.io/app", ["a:1"]],
    ["no regular expression", { "a+b.io": "a:1" }, "aab.io/app", []],
    ["Docker Hub by its old name", { "https://index.docker.io/v1/": "a:1" }, "nginx", ["a:1"]],
    ["Docker Hub for a user's image", { "docker.io": "a:1" }, "me/app:1", ["a:1"]],
  ];
  for (const [title, auths, image, expected] of rows)
    it(title, () => assert.deepEqual(new Keyring([secret(auths)]).headersFor(image), expected.map(basic)));

  it("reads the older form too, and leaves out what is none", () => {
    const broken: Secret = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "b" },
      data: { ".dockercfg": "e30x" },
    };
    const ring = new Keyring([broken, secret({ "registry.io": "a:1" }, ".dockercfg")]);
    assert.deepEqual(ring.headersFor("registry.io/app"), [basic("a:1")]);
  });
});

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
