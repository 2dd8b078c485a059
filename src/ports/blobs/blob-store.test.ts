import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { after, test } from "node:test";
import { BlobStore } from "./blob-store.ts";
import { DigestMismatch, parseDigest } from "./digest.ts";

const root = await mkdtemp(join(tmpdir(), "blobs-"));
after(() => rm(root, { recursive: true }));
const store = await BlobStore.open(join(root, "store"));
const sha256 = (text: string) => `sha256:${createHash("sha256").update(text).digest("hex")}`;
const sha512 = (text: string) => `sha512:${createHash("sha512").update(text).digest("hex")}`;

for (const [text, valid] of [
  [sha256("a"), true],
  [sha512("a"), true],
  ["sha256:abc", false],
  [sha256("a").toUpperCase(), false],
  [`md5:${"0".repeat(32)}`, false],
  [`sha256:../${"0".repeat(61)}`, false],
  [`${sha256("a")}:`, false],
  ["", false],
] as const)
  test(`digest ${text.slice(0, 20)} is ${valid ? "valid" : "refused"}`, () => {
    assert.equal(parseDigest(text) !== undefined, valid);
    if (!valid) assert.throws(() => store.path(text), RangeError);
  });

test("a stored blob can be read whole, by range, and is sharded by its first two hex digits", async () => {
  const { digest, size } = await store.put(Buffer.from("hello world"));
  assert.deepEqual([digest, size], [sha256("hello world"), 11]);
  assert.equal(store.path(digest), join(root, "store/blobs/sha256", digest.slice(7, 9), digest.slice(7)));
  assert.equal((await store.read(digest))?.toString(), "hello world");
  assert.equal((await buffer(store.stream(digest, { start: 6, end: 8 }))).toString(), "wor");
  assert.equal(await store.size(digest), 11);
});

test("streams and sha512 are verified", async () => {
  const content = Readable.from([Buffer.from("ab"), Buffer.from("c")]);
  assert.equal((await store.put(content, { expected: sha512("abc") })).digest, sha512("abc"));
  const writer = await store.writer("sha256");
  await writer.write(Buffer.from("late"));
  assert.equal((await writer.commit(sha512("late"))).digest, sha512("late"));
});

test("content that is not what was promised is refused and leaves nothing", async () => {
  await assert.rejects(store.put(Buffer.from("x"), { expected: sha256("y") }), DigestMismatch);
  assert.equal(await store.has(sha256("y")), false);
  assert.deepEqual(await readdir(join(root, "store/uploads")), []);
});

test("a failing source leaves nothing", async () => {
  const broken = (async function* () {
    yield Buffer.from("part");
    throw new Error("cut");
  })();
  await assert.rejects(store.put(broken), /cut/);
  assert.deepEqual(await readdir(join(root, "store/uploads")), []);
});

test("ingest links or moves a file without copying", async () => {
  await writeFile(join(root, "linked"), "linked content");
  await writeFile(join(root, "moved"), "moved content");
  const linked = await store.ingest(join(root, "linked"), "link");
  assert.equal((await stat(store.path(linked.digest))).ino, (await stat(join(root, "linked"))).ino);
  assert.deepEqual(await store.ingest(join(root, "linked"), "link"), linked, "twice is fine");
  const before = (await stat(join(root, "moved"))).ino;
  const moved = await store.ingest(join(root, "moved"), "move", sha256("moved content"));
  assert.equal((await stat(store.path(moved.digest))).ino, before);
  await assert.rejects(stat(join(root, "moved")), { code: "ENOENT" });
  assert.deepEqual(await readdir(join(root, "store/uploads")), []);
});

test("opening removes interrupted uploads and keeps blobs", async () => {
  const directory = join(root, "reopened");
  const first = await BlobStore.open(directory);
  const kept = await first.put(Buffer.from("kept"));
  const writer = await first.writer();
  await writer.write(Buffer.from("half"));
  const second = await BlobStore.open(directory);
  assert.deepEqual(await readdir(join(directory, "uploads")), []);
  assert.equal(await second.has(kept.digest), true);
  await writer.abort();
});

test("delete says whether there was something", async () => {
  const { digest } = await store.put(Buffer.from("short-lived"));
  assert.deepEqual([await store.delete(digest), await store.delete(digest)], [true, false]);
  assert.equal(await store.read(digest), undefined);
});

test("a blob is discarded when nobody has used it since, and whoever asks first keeps it", async () => {
  let ahead = 0;
  const clock = () => new Date(Date.now() + ahead);
  const own = await BlobStore.open(join(root, "discard"), clock);
  const { digest } = await own.put(Buffer.from("old"));
  const since = () => clock().getTime() - 1000;
  assert.equal(await own.discard(digest, since()), undefined, "new");
  ahead = 10_000;
  const asked = [own.discard(digest, since()), own.has(digest)];
  assert.deepEqual(await Promise.all(asked), [undefined, true]);
  ahead = 20_000;
  await own.peek(digest);
  assert.equal(await own.discard(digest, since()), 3);
  assert.equal(await own.has(digest), false);
  assert.equal(await own.discard(digest, since()), undefined);
});
