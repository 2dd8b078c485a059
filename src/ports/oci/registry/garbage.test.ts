import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { BlobStore } from "#ports/blobs/blob-store.ts";
import { NameIndex } from "#ports/blobs/name-index.ts";
import type { ImageManifest } from "../image.ts";
import { OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST } from "../media-types.ts";
import { RegistryGarbage, type RegistryRemovals } from "./garbage.ts";
import { Registry } from "./registry.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

type World = AsyncDisposable & {
  registry: Registry;
  /** Moves the clock. */
  pass(milliseconds: number): void;
  collect(...pinned: string[]): Promise<RegistryRemovals>;
  /** Opens the same files again, as after a restart. */
  restart(): Promise<void>;
  /** Pushes an image of one new layer, and under a tag if there is one. */
  image(tag?: string, more?: object): Promise<{ digest: string; layer: string }>;
  index(tag: string | undefined, ...children: string[]): Promise<string>;
  has(digest: string): boolean;
};

async function world(): Promise<World> {
  const root = await mkdtemp(join(tmpdir(), "garbage-"));
  let ahead = 0;
  const clock = (): Date => new Date(Date.now() + ahead);
  const open = async () => {
    const index = await NameIndex.open(join(root, "names.log"));
    const registry = new Registry(await BlobStore.open(join(root, "store"), clock), index);
    return { index, registry, garbage: new RegistryGarbage(registry, index) };
  };
  let current = await open();
  const blob = async (content: Buffer, mediaType: string) => {
    const stored = await current.registry.blobs.put(content);
    await current.registry.linkBlob("app", stored.digest);
    return { mediaType, ...stored };
  };
  const put = async (tag: string | undefined, manifest: object, mediaType: string): Promise<string> => {
    const content = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...manifest }));
    return (await current.registry.putManifest("app", { content, tags: tag ? [tag] : [] })).digest;
  };
  return {
    get registry() {
      return current.registry;
    },
    pass: (milliseconds) => {
      ahead += milliseconds;
    },
    collect: (...pinned) =>
      current.garbage.collect({
        pinned: new Set(pinned),
        retentionMs: DAY_MS,
        minAgeMs: HOUR_MS,
        nowMs: clock().getTime(),
      }),
    restart: async () => {
      await current.index.close();
      current = await open();
    },
    image: async (tag, more = {}) => {
      const config = await blob(Buffer.from("{}"), OCI_CONFIG);
      const layer = await blob(randomBytes(8), OCI_LAYER);
      const manifest: Partial<ImageManifest> = { config, layers: [layer], ...more };
      return { digest: await put(tag, manifest, OCI_MANIFEST), layer: layer.digest };
    },
    index: (tag, ...children) => {
      const manifests = children.map((digest) => ({ mediaType: OCI_MANIFEST, digest, size: 1 }));
      return put(tag, { manifests }, OCI_INDEX);
    },
    has: (digest) => current.registry.manifest("app", digest) !== undefined,
    [Symbol.asyncDispose]: async () => {
      await current.index.close();
      await rm(root, { recursive: true });
    },
  };
}

test("a manifest that a newer push has left without tag goes a day after that was noticed, with its layer", async () => {
  await using given = await world();
  const old = await given.image("latest");
  given.pass(10 * DAY_MS);
  const young = await given.image("latest");
  assert.deepEqual(await given.collect(), { manifests: 0, blobs: 0 });
  given.pass(DAY_MS - HOUR_MS);
  assert.deepEqual(await given.collect(), { manifests: 0, blobs: 0 });
  given.pass(HOUR_MS);
  assert.deepEqual(await given.collect(), { manifests: 1, blobs: 1 });
  assert.deepEqual([given.has(old.digest), given.has(young.digest)], [false, true]);
  assert.equal(given.registry.hasBlob("app", old.layer), false);
  assert.deepEqual(given.registry.liveDigests().has(old.layer), false);
});

test("what an object mentions stays, and its day begins when that ends", async () => {
  await using given = await world();
  const { digest } = await given.image();
  for (let day = 0; day < 3; day++) {
    assert.equal((await given.collect(digest)).manifests, 0);
    given.pass(DAY_MS);
  }
  assert.equal((await given.collect()).manifests, 0);
  given.pass(DAY_MS / 2);
  assert.equal((await given.collect(digest)).manifests, 0, "mentioned again");
  given.pass(DAY_MS);
  assert.equal((await given.collect()).manifests, 0);
  given.pass(DAY_MS);
  assert.equal((await given.collect()).manifests, 1);
});

test("the day goes on over a restart", async () => {
  await using given = await world();
  const { digest } = await given.image();
  given.pass(2 * DAY_MS);
  await given.collect();
  await given.restart();
  given.pass(DAY_MS);
  assert.equal((await given.collect()).manifests, 1);
  assert.equal(given.has(digest), false);
});

test("images of an index that is needed, and what is about them, stay", async () => {
  await using given = await world();
  const [inner, loose] = [await given.image(), await given.image()];
  const index = await given.index("multi", inner.digest);
  const about = (digest: string) => ({ subject: { mediaType: OCI_MANIFEST, digest, size: 1 } });
  const signature = await given.image(undefined, about(inner.digest));
  const stray = await given.image(undefined, about(loose.digest));
  await given.collect();
  given.pass(2 * DAY_MS);
  assert.equal((await given.collect()).manifests, 2);
  for (const digest of [index, inner.digest, signature.digest]) assert.ok(given.has(digest));
  for (const { digest } of [loose, stray]) assert.equal(given.has(digest), false);
  assert.deepEqual(await given.registry.referrers("app", loose.digest), []);
});

test("blobs of a push that is under way stay, and those of one that was given up go", async () => {
  await using given = await world();
  const { digest } = await given.registry.blobs.put(Buffer.from("first part of a push"));
  await given.registry.linkBlob("app", digest);
  assert.equal((await given.collect()).blobs, 0);
  given.pass(2 * HOUR_MS);
  assert.ok(await given.registry.blobs.has(digest), "a client asks whether it must send it");
  assert.equal((await given.collect()).blobs, 0);
  given.pass(2 * HOUR_MS);
  assert.equal((await given.collect()).blobs, 1);
  assert.equal(given.registry.hasBlob("app", digest), false);
});

test("what is pulled by its digest is used", async () => {
  await using given = await world();
  const { digest } = await given.image();
  await given.collect();
  given.pass(DAY_MS);
  await given.registry.blobs.read(digest);
  assert.equal((await given.collect()).manifests, 0);
});
