import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { lstat, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { type Header, pack } from "tar-stream";
import { BlobStore } from "#ports/blobs/blob-store.ts";
import { NameIndex } from "#ports/blobs/name-index.ts";
import { ImageError } from "../image.ts";
import type { Layer } from "../layer.ts";
import { layerType, OCI_INDEX, OCI_MANIFEST } from "../media-types.ts";
import { createRegistryHandler } from "../registry/handler.ts";
import { Registry } from "../registry/registry.ts";
import { createImageSource } from "./image-source.ts";

type Entry = Partial<Header> & { name: string; content?: string };

const root = await mkdtemp(join(tmpdir(), "unpack-"));
const blobs = await BlobStore.open(join(root, "store"));
const index = await NameIndex.open(join(root, "names.log"));
const registry = new Registry(blobs, index);
const LOCAL = "127.0.0.1:7400";
const source = await createImageSource({
  blobs,
  directory: join(root, "layers"),
  registry,
  localHosts: [LOCAL],
  maxLayerBytes: 5_000_000,
  maxLayerEntries: 100,
});
const handler = createRegistryHandler({ registry, authorize: async (_header, action) => action === "pull" });
const server = createServer((request, response) => {
  void handler(request, response).then((done) => done || response.writeHead(404).end());
});
before(() => new Promise<void>((done) => server.listen(0, "127.0.0.1", done)));
after(async () => {
  server.close();
  server.closeAllConnections();
  await index.close();
  await rm(root, { recursive: true });
});

async function layerOf(entries: Entry[]): Promise<Layer> {
  const tar = pack();
  for (const { content, ...header } of entries) {
    if (content === undefined) tar.entry(header).end(undefined);
    else tar.entry(header, content);
  }
  tar.finalize();
  const plain = await buffer(tar as unknown as AsyncIterable<Buffer>);
  const stored = await blobs.put(gzipSync(plain));
  const diffId = `sha256:${createHash("sha256").update(plain).digest("hex")}`;
  return { diffId, descriptor: { mediaType: layerType("gzip"), ...stored } };
}

async function putImage(repository: string, layers: Layer[]): Promise<string> {
  const rootfs = { type: "layers" as const, diff_ids: layers.map(({ diffId }) => diffId) };
  const config = { architecture: "amd64", os: "linux", config: { Cmd: ["x"] }, rootfs };
  return (await registry.putImage(repository, ["latest"], { config, layers })).digest;
}

const file = (name: string, content = name): Entry => ({ name, content, mode: 0o640 });

/** What a container would see: later directories hide what earlier ones have. */
async function visible(layers: string[]): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const layer of layers)
    for (const name of await readdir(layer, { recursive: true }))
      if ((await stat(join(layer, name))).isFile()) found[name] = await readFile(join(layer, name), "utf8");
  return found;
}

test("a local image is unpacked from the content store, each layer once", async () => {
  const base = await layerOf([
    { name: "bin", type: "symlink", linkname: "usr/bin" },
    { name: "usr/bin/", type: "directory", mode: 0o555 },
    { name: "usr/bin/tool", content: "tool", mode: 0o4755 },
    { name: "./usr/bin/hard", type: "link", linkname: "usr/bin/tool" },
    { name: "etc/absolute", type: "symlink", linkname: "/outside" },
    { name: "dev/null", type: "character-device", devmajor: 1, devminor: 3 },
  ]);
  const app = await layerOf([file("/app/server.js")]);
  const digest = await putImage("team/app", [base, app]);
  const [image, again] = await Promise.all([1, 2].map(() => source.unpack(`${LOCAL}/team/app`)));
  assert.ok(image && again);
  assert.deepEqual([image.digest, image.reference], [digest, `${LOCAL}/team/app@${digest}`]);
  assert.deepEqual(image.config.config?.Cmd, ["x"]);
  assert.deepEqual(image.layers, again.layers);
  const [low = "", high = ""] = image.layers;
  assert.equal(await readlink(join(low, "bin")), "usr/bin");
  assert.equal(await readlink(join(low, "etc/absolute")), "/outside");
  assert.equal((await stat(join(low, "usr/bin"))).mode & 0o7777, 0o555);
  assert.equal((await stat(join(low, "usr/bin/tool"))).mode & 0o7777, 0o4755);
  assert.equal((await stat(join(low, "usr/bin/tool"))).ino, (await stat(join(low, "usr/bin/hard"))).ino);
  assert.deepEqual(await readdir(join(low, "dev")).catch(() => []), [], "devices are left out");
  assert.equal(await readFile(join(high, "app/server.js"), "utf8"), "/app/server.js");
  const other = await source.unpack(`${LOCAL}/team/app@${await putImage("team/app", [base])}`);
  assert.deepEqual(other.layers, [low]);
});

test("removals hide lower files without overlay whiteouts", async () => {
  const layers = [
    await layerOf([
      file("a/one"),
      file("a/two"),
      file("b/three"),
      file("keep"),
      { name: "l", type: "symlink", linkname: "a" },
    ]),
    await layerOf([file("a/.wh.one", ""), file("b/.wh..wh..opq", ""), file("b/new"), file("l/.wh.two", "")]),
    await layerOf([file("top")]),
  ];
  await putImage("removals", layers);
  const image = await source.unpack(`${LOCAL}/removals`);
  assert.equal(image.layers.length, 2, "the layers up to the last removal are one");
  assert.deepEqual(
    Object.keys(await visible(image.layers))
      .filter((name) => !name.startsWith("l/"))
      .sort(),
    ["a/two", "b/new", "keep", "top"],
  );
});

for (const [what, entries, message] of [
  ["a name with ..", [file("../evil")], /leads outside/],
  ["a name with .. inside", [file("a/../../evil")], /leads outside/],
  [
    "a file through a link",
    [{ name: "out", type: "symlink", linkname: "/tmp" }, file("out/evil")],
    /is a link or file/,
  ],
  ["a hard link to the outside", [{ name: "h", type: "link", linkname: "../../etc/passwd" }], /leads outside/],
  [
    "a hard link through a link",
    [
      { name: "out", type: "symlink", linkname: "/etc" },
      { name: "h", type: "link", linkname: "out/passwd" },
    ],
    /not in the layer/,
  ],
  ["a whiteout with ..", [file("a/.wh..."), file("b/.wh.../x")], /leads outside|is a link or file/],
  ["too much content", [file("big", "x".repeat(6_000_000))], /larger than 5000000 bytes/],
  ["too many entries", Array.from({ length: 101 }, (_, i) => file(`f${i}`)), /more than 100 entries/],
] as [string, Entry[], RegExp][])
  test(`${what} is refused and leaves nothing`, async () => {
    await putImage("evil", [await layerOf(entries)]);
    await assert.rejects(source.unpack(`${LOCAL}/evil`), (error: Error) => {
      assert.ok(error instanceof ImageError);
      assert.match(error.message, message);
      return true;
    });
    assert.deepEqual(
      (await readdir(join(root, "layers"))).filter((name) => name.startsWith("tmp-")),
      [],
    );
  });

test("a flat image is one directory that shows what its layers show when stacked", async () => {
  await putImage("flat", [
    await layerOf([file("gone"), file("kept"), file("both", "lower")]),
    await layerOf([file(".wh.gone", ""), file("both", "upper")]),
    await layerOf([file("added")]),
  ]);
  const [stacked, flat] = await Promise.all([
    source.unpack(`${LOCAL}/flat`),
    source.unpack(`${LOCAL}/flat`, undefined, { flat: true }),
  ]);
  assert.equal(flat.layers.length, 1);
  assert.equal(flat.reference, stacked.reference);
  assert.deepEqual(await visible(flat.layers), { added: "added", both: "upper", kept: "kept" });
  assert.deepEqual(await visible(stacked.layers), await visible(flat.layers));
});

test("a later file replaces an earlier link instead of following it", async () => {
  await writeFile(join(root, "victim"), "untouched");
  await putImage("replace", [
    await layerOf([{ name: "f", type: "symlink", linkname: join(root, "victim") }, file("f")]),
  ]);
  const image = await source.unpack(`${LOCAL}/replace`);
  assert.ok((await lstat(join(image.layers[0] ?? "", "f"))).isFile());
  assert.equal(await readFile(join(root, "victim"), "utf8"), "untouched");
});

test("content that is not the diffID's is refused", async () => {
  const layer = await layerOf([file("x")]);
  await putImage("wrong", [{ ...layer, diffId: `sha256:${"0".repeat(64)}` }]);
  await assert.rejects(source.unpack(`${LOCAL}/wrong`), /expected sha256:000/);
});

test("an image of another registry is pulled over HTTP, also through an index", async () => {
  const digest = await putImage("remote/app", [await layerOf([file("remote")])]);
  const size = (await blobs.size(digest)) ?? 0;
  const platforms = ["amd64", "arm64"].map((architecture) => ({ os: "linux", architecture }));
  const manifests = platforms.map((platform) => ({ mediaType: OCI_MANIFEST, digest, size, platform }));
  const content = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }));
  await registry.putManifest("remote/app", { content, tags: ["multi"] });
  const directory = await mkdtemp(join(root, "puller-"));
  const store = await BlobStore.open(join(directory, "store"));
  const names = await NameIndex.open(join(directory, "names.log"));
  const puller = await createImageSource({
    blobs: store,
    directory: join(directory, "layers"),
    registry: new Registry(store, names),
    localHosts: [LOCAL],
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const tag of ["latest", "multi"]) {
    const image = await puller.unpack(`${host}/remote/app:${tag}`);
    assert.equal(image.digest, digest);
    assert.deepEqual(await visible(image.layers), { remote: "remote" });
  }
  await assert.rejects(
    puller.unpack(`${host}/remote/app:absent`),
    /cannot pull .*absent.* answered 404.*MANIFEST_UNKNOWN/,
  );
  await names.close();
});

for (const [reference, reason, message] of [
  ["Not A Reference", "InvalidImageName", /is not an image reference/],
  [`${LOCAL}/absent:v1`, "ErrImagePull", /has no such image/],
  ["127.0.0.1:1/app", "ErrImagePull", /cannot reach http:\/\/127\.0\.0\.1:1/],
] as const)
  test(`${reference} fails with ${reason}`, async () => {
    await assert.rejects(source.unpack(reference), (error: Error) => {
      assert.ok(error instanceof ImageError);
      assert.equal(error.reason, reason);
      assert.match(error.message, message);
      return true;
    });
  });

test("an aborted caller gives up, another one still gets the image", async () => {
  await putImage("patient", [await layerOf([file("content", "y".repeat(1_000_000))])]);
  const abort = new AbortController();
  const [first, second] = [source.unpack(`${LOCAL}/patient`, abort.signal), source.unpack(`${LOCAL}/patient`)];
  abort.abort();
  await assert.rejects(first, { name: "AbortError" });
  assert.equal(Object.keys(await visible((await second).layers)).length, 1);
});

test("one layer's files are read by its diffID, within limits, and remembered", async () => {
  const bom = await layerOf([
    { name: "layers/", type: "directory" },
    { name: "layers/sbom/a.json", content: "{}" },
    { name: "layers/link", type: "symlink", linkname: "sbom/a.json" },
  ]);
  await putImage("bom", [await layerOf([file("base")]), bom]);
  const limits = { maxBytes: 10_000, maxFiles: 2 };
  const files = await source.readLayer(`${LOCAL}/bom`, bom.diffId, limits);
  assert.deepEqual(
    files.map(({ path, content }) => [path, Buffer.from(content).toString()]),
    [["layers/sbom/a.json", "{}"]],
  );
  assert.equal(await source.readLayer(`${LOCAL}/bom`, bom.diffId, limits), files);
  await assert.rejects(
    source.readLayer(`${LOCAL}/bom`, `sha256:${"0".repeat(64)}`, limits),
    /it has no layer sha256:0/,
  );
  const many = await layerOf([file("1"), file("2"), file("3")]);
  await putImage("many", [many]);
  await assert.rejects(source.readLayer(`${LOCAL}/many`, many.diffId, limits), /more than 2 files/);
  const large = await layerOf([file("large", "x".repeat(20_000))]);
  await putImage("large", [large]);
  await assert.rejects(source.readLayer(`${LOCAL}/large`, large.diffId, limits), /larger than 10000 bytes/);
});
