import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { after, test } from "node:test";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { extract, type Header } from "tar-stream";
import { BlobStore } from "#ports/blobs/blob-store.ts";
import { type Layer, type LayerEntry, parentsOf, writeLayer } from "./layer.ts";
import type { Compression } from "./media-types.ts";
import { walkTree } from "./tree.ts";

const root = await mkdtemp(join(tmpdir(), "layer-"));
after(() => rm(root, { recursive: true }));
const blobs = await BlobStore.open(join(root, "store"));
const owner = { uid: 1001, gid: 1001 };

async function makeTree(name: string): Promise<string> {
  const directory = join(root, name);
  await mkdir(join(directory, "lib/deep"), { recursive: true });
  await writeFile(join(directory, "server.js"), "console.log(1)\n");
  await writeFile(join(directory, "lib/empty"), "");
  await writeFile(join(directory, "lib/run"), "#!/bin/sh\n", { mode: 0o700 });
  await writeFile(join(directory, `lib/deep/${"long".repeat(40)}`), "x");
  await writeFile(join(directory, "lib/large"), Buffer.alloc(3_000_000, "ab"));
  await symlink("../server.js", join(directory, "lib/link"));
  await mkdir(join(directory, "skipped"));
  await writeFile(join(directory, "skipped/secret"), "no");
  return directory;
}

async function plain(layer: Layer, compression: Compression): Promise<Buffer> {
  const content = await blobs.read(layer.descriptor.digest);
  assert.ok(content);
  return compression === "none" ? content : compression === "gzip" ? gunzipSync(content) : zstdDecompressSync(content);
}

async function list(tar: Buffer): Promise<Header[]> {
  const headers: Header[] = [];
  const entries = extract();
  Readable.from([tar]).pipe(entries);
  for await (const entry of entries) {
    headers.push(entry.header);
    entry.resume();
  }
  return headers;
}

const exclude = (path: string): boolean => path === "skipped";

for (const compression of ["none", "gzip", "zstd"] as const)
  test(`a ${compression} layer has the digests it claims and normalised entries`, async () => {
    const directory = await makeTree(compression);
    const layer = await writeLayer(blobs, walkTree(directory, { as: "workspace", ...owner, exclude }), { compression });
    const tar = await plain(layer, compression);
    assert.equal(layer.diffId, `sha256:${createHash("sha256").update(tar).digest("hex")}`);
    assert.equal(layer.descriptor.size, await blobs.size(layer.descriptor.digest));
    const headers = await list(tar);
    assert.deepEqual(
      headers.map(({ name, mode, size, linkname }) => [name, mode?.toString(8), size, linkname]),
      [
        ["workspace", "755", 0, null],
        ["workspace/lib", "755", 0, null],
        ["workspace/lib/deep", "755", 0, null],
        [`workspace/lib/deep/${"long".repeat(40)}`, "644", 1, null],
        ["workspace/lib/empty", "644", 0, null],
        ["workspace/lib/large", "644", 3_000_000, null],
        ["workspace/lib/link", "777", 0, "../server.js"],
        ["workspace/lib/run", "755", 10, null],
        ["workspace/server.js", "644", 15, null],
      ],
    );
    for (const header of headers)
      assert.deepEqual([header.uid, header.gid, header.mtime?.toISOString()], [1001, 1001, "1980-01-01T00:00:01.000Z"]);
  });

test("times, umask and directory do not change a layer; content does", async () => {
  const [one, two] = [await makeTree("one"), await makeTree("two")];
  await chmod(join(two, "server.js"), 0o600);
  await utimes(join(two, "server.js"), 1, 1);
  const write = (directory: string) =>
    writeLayer(blobs, walkTree(directory, { as: "workspace", ...owner }), { compression: "gzip" });
  const first = await write(one);
  assert.deepEqual(await write(two), first);
  await writeFile(join(two, "server.js"), "console.log(2)\n");
  assert.notEqual((await write(two)).diffId, first.diffId);
});

test("a file that vanishes while it is packed is an error and leaves nothing", async () => {
  const entry: LayerEntry = { path: "a", type: "file", file: join(root, "gone"), size: 5, mode: 0o644, ...owner };
  await assert.rejects(writeLayer(blobs, [entry], { compression: "gzip" }), { code: "ENOENT" });
  const large: LayerEntry = { ...entry, type: "file", file: join(root, "gone"), size: 5_000_000 };
  await assert.rejects(writeLayer(blobs, [large], { compression: "gzip" }));
});

test("parents are listed from the root down", () => {
  assert.deepEqual(
    parentsOf("layers/a/b").map(({ path }) => path),
    ["layers", "layers/a"],
  );
});
