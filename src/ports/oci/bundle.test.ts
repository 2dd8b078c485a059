/** Bundles are the same for the same content; what is no readable bundle is refused with a reason. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { BlobStore } from "#ports/blobs/blob-store.ts";
import { NameIndex } from "#ports/blobs/name-index.ts";
import { type BundleContent, publishBundle, writeBundle } from "./bundle.ts";
import { type BundleSource, pinBundle, readBundle } from "./bundle-reader.ts";
import type { Descriptor } from "./image.ts";
import { writeLayer } from "./layer.ts";
import { OCI_CONFIG, OCI_INDEX, OCI_MANIFEST } from "./media-types.ts";
import { Registry } from "./registry/registry.ts";

const HOST = "registry.slipway";
let directory: string;
let registry: Registry;
let index: NameIndex;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "slipway-bundle-"));
  index = await NameIndex.open(join(directory, "names.log"));
  registry = new Registry(await BlobStore.open(join(directory, "blobs")), index);
});

after(async () => {
  await index.close();
  await rm(directory, { recursive: true, force: true });
});

const content = (files: Record<string, string>): BundleContent => ({ files, images: [], labels: {} });
const access = { credentials: async () => undefined, signal: new AbortController().signal };

async function read(
  repository: string,
  more: Partial<BundleSource> = {},
  host = HOST,
): Promise<Map<string, Uint8Array>> {
  const source = { registry, localHosts: [HOST], ...more };
  return await readBundle(
    await pinBundle({ host, repository, tag: "v1" }, source, access),
    (path) => path.endsWith(".yml"),
    source,
    access,
  );
}

/** Publishes a manifest with these layers under the tag `v1`. */
async function publish(repository: string, layers: readonly Descriptor[]): Promise<void> {
  const config = { mediaType: OCI_CONFIG, ...(await registry.blobs.put(Buffer.from("{}"))) };
  for (const { digest } of [config, ...layers]) await registry.linkBlob(repository, digest);
  const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers }));
  await registry.putManifest(repository, { content: manifest, tags: ["v1"] });
}

async function layerOf(text: string | Buffer): Promise<Descriptor> {
  const file = { path: "./a.yml", type: "file", content: Buffer.from(text), mode: 0o644, uid: 0, gid: 0 } as const;
  return (await writeLayer(registry.blobs, [file], { compression: "gzip" })).descriptor;
}

test("the order of files does not change a bundle, their content and its labels do", async () => {
  const digest = async (made: BundleContent): Promise<string> => (await writeBundle(registry.blobs, made)).digest;
  const one = await digest(content({ "a/b.yml": "1", "c.yml": "2" }));
  assert.equal(await digest(content({ "c.yml": "2", "a/b.yml": "1" })), one);
  assert.notEqual(await digest(content({ "c.yml": "3", "a/b.yml": "1" })), one);
  assert.notEqual(await digest({ ...content({ "a/b.yml": "1", "c.yml": "2" }), labels: { commit: "1" } }), one);
});

test("a bundle is read back", async () => {
  const bundle = await writeBundle(registry.blobs, content({ "deep/a.yml": "1", "b.txt": "2" }));
  await publishBundle({ host: HOST, repository: "back", tag: "v1" }, bundle, registry);
  assert.deepEqual([...(await read("back")).keys()], [".imgpkg/images.yml", "config/deep/a.yml"]);
});

test("an artifact without image configuration is read, its names without a leading dot", async () => {
  await publish("artifact", [await layerOf("a: 1\n")]);
  assert.equal(Buffer.from((await read("artifact")).get("a.yml") ?? "").toString(), "a: 1\n");
});

test("what is no bundle is refused with a reason", async () => {
  const layer = await layerOf("a: 1\n");
  await publish("two", [layer, layer]);
  await publish("none", []);
  await publish("text", [{ mediaType: "text/plain", ...(await registry.blobs.put(Buffer.from("text"))) }]);
  await publish("garbage", [{ ...layer, ...(await registry.blobs.put(Buffer.from("no gzip"))) }]);
  await publish("huge", [await layerOf(Buffer.alloc(65 * 1024 * 1024))]);
  const listing = JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] });
  await registry.putManifest("index", { content: Buffer.from(listing), mediaType: OCI_INDEX, tags: ["v1"] });
  for (const [repository, why] of [
    ["absent", /it is not in the registry: push it first/],
    ["index", /it is an index of several images/],
    ["two", /it has 2 layers, expected 1/],
    ["none", /it has 0 layers, expected 1/],
    ["text", /its layer has type text\/plain, which is no tar archive/],
    ["garbage", /incorrect header check/],
    ["huge", /it is larger than \d+ bytes when unpacked/],
  ] as const)
    await assert.rejects(read(repository), { name: "ImageError", message: why }, repository);
});

test("a layer that is not what its digest says is refused", async () => {
  const layer = { ...(await layerOf("a: 1\n")), digest: `sha256:${"0".repeat(64)}` };
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, layers: [layer] });
  const answer = async (url: string | URL | Request): Promise<Response> =>
    new Response(String(url).includes("/manifests/") ? manifest : "something else");
  await assert.rejects(read("forged", { fetch: answer as typeof fetch }, "other.example"), {
    name: "ImageError",
    message: /sha256:0000/,
  });
});
