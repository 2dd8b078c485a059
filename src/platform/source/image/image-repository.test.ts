/** From a directory to a source image in the real registry, and from there to an artifact. */
import assert from "node:assert/strict";
import { chmod, mkdir, readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createGunzip } from "node:zlib";
import { runPass } from "#engine/controller/testkit.ts";
import type { Registry } from "#ports/oci/registry/registry.ts";
import { startTestRegistry, type TestRegistry } from "#ports/oci/registry/testkit.ts";
import { extractLayer } from "#ports/oci/unpack/extract.ts";
import { uploadSource } from "../upload/upload.ts";
import { imageRepositoryController } from "./image-repository.ts";

let directory: string;
let source: string;
let registry: Registry;
let served: TestRegistry;
let host: string;

before(async () => {
  served = await startTestRegistry();
  ({ directory, registry, host } = served);
  source = join(directory, "source");
  await mkdir(join(source, "bin"), { recursive: true });
  await mkdir(join(source, "node_modules"));
  await mkdir(join(source, ".git"));
  for (const [name, text] of [
    [".slipwayignore", "node_modules/\n"],
    [".gitignore", "server.js\n"],
    ["server.js", "hello"],
    ["bin/run", "#!/bin/sh"],
    ["node_modules/x.js", "x"],
    [".git/HEAD", "x"],
  ] as const)
    await writeFile(join(source, name), text);
  await chmod(join(source, "bin/run"), 0o755);
});

after(() => served[Symbol.asyncDispose]());

const credentials = async () => `Basic ${Buffer.from("user:secret").toString("base64")}`;
const upload = () => uploadSource({ directory: source, image: `${host}/source/app`, credentials });

function controller(localHosts: string[]) {
  return imageRepositoryController({
    images: { registry, localHosts },
    imageArtifact: (namespace, name, digest) => {
      const path = `imagerepository/${namespace}/${name}/${digest.slice("sha256:".length)}.tar.gz`;
      return { path, url: `http://front/artifacts/${path}` };
    },
    onImagePush: () => () => undefined,
  });
}

async function reconcile(image: string, more: { localHosts?: string[]; spec?: object; world?: object[] } = {}) {
  const object = {
    apiVersion: "source.apps.tanzu.vmware.com/v1alpha1",
    kind: "ImageRepository",
    metadata: { name: "app", namespace: "dev", generation: 1 },
    spec: { image, ...more.spec },
  };
  const input = { world: [object, ...(more.world ?? [])], key: "dev/app" };
  return await runPass(controller(more.localHosts ?? [host]), input);
}

test("a directory becomes an artifact without a copy, ignored files left out", async () => {
  const { image, digest } = await upload();
  assert.equal(image, `${host}/source/app:latest@${digest}`);
  const { status, outcome } = await reconcile(`${host}/source/app`);
  assert.equal(outcome.kind, "settled");
  const { revision, path } = status.artifact as { revision: string; path: string };
  assert.equal(revision, image);
  const blob = `sha256:${/([0-9a-f]{64})/.exec(path)?.[1]}`;
  assert.ok(registry.hasBlob("source/app", blob), "the artifact is the layer itself");
  const target = join(directory, "unpacked");
  await mkdir(target);
  await extractLayer(registry.blobs.stream(blob).pipe(createGunzip()), target, { keepOwners: false, maxEntries: 100 });
  assert.equal(await readFile(join(target, "server.js"), "utf8"), "hello");
  await assert.rejects(readFile(join(target, "node_modules/x.js")), { code: "ENOENT" });
  await assert.rejects(readFile(join(target, ".git/HEAD")), { code: "ENOENT" });
});

test("the same files have the same digest, whenever they were written", async () => {
  const first = await upload();
  await utimes(join(source, "server.js"), 1, 1);
  assert.equal((await upload()).digest, first.digest);
  await writeFile(join(source, "server.js"), "changed");
  assert.notEqual((await upload()).digest, first.digest);
});

test("pushing needs a token; other registries are read over the network and polled", async () => {
  await assert.rejects(uploadSource({ directory: source, image: `${host}/source/app` }), {
    name: "ImageError",
    message: /cannot push .*: /,
  });
  await assert.rejects(uploadSource({ directory: join(source, "none"), image: `${host}/a/b` }), /is not a directory/);
  await assert.rejects(uploadSource({ directory: source, image: "UPPER" }), /is not an image reference/);
  const { outcome } = await reconcile(`${host}/source/app`, { localHosts: [], spec: { interval: "1m" } });
  assert.deepEqual([outcome.kind, outcome.recheckAfter], ["settled", 60_000]);
});

test("what cannot be had is said in the condition", async () => {
  const two = await upload();
  const layer = { diffId: two.digest, descriptor: { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip" } };
  const blob = await registry.blobs.put(Buffer.from("x"));
  await registry.putImage("source/two", ["latest"], {
    config: { architecture: "", os: "", rootfs: { type: "layers", diff_ids: [] } },
    layers: [1, 2].map(() => ({ ...layer, descriptor: { ...layer.descriptor, ...blob } })),
  });
  for (const [image, spec, message] of [
    ["Not an image", {}, /is not an image reference/],
    [`${host}/source/none`, {}, /is not in the registry: push it first/],
    [`${host}/source/two`, {}, /is no source image: it has 2 layers/],
    [`${host}/source/app`, { serviceAccountName: "x" }, /serviceaccount "dev\/x" not found/],
    [`${host}/source/app`, { imagePullSecrets: [{ name: "x" }] }, /secret "dev\/x" not found/],
  ] as const) {
    const { outcome } = await reconcile(image, { spec });
    assert.ok(outcome.kind === "broken");
    assert.equal(outcome.condition, "ImageResolved");
    assert.match(outcome.message, message);
  }
});

test("a push wakes who follows the repository", async () => {
  let push: ((pushed: { repository: string }) => void) | undefined;
  const woken: string[] = [];
  const following = imageRepositoryController({
    images: { registry, localHosts: [host] },
    imageArtifact: () => ({ path: "p", url: "u" }),
    onImagePush: (listener) => {
      push = listener;
      return () => undefined;
    },
  });
  following.wakes?.((key) => woken.push(key), { keys: () => [] });
  const object = { apiVersion: "source.apps.tanzu.vmware.com/v1alpha1", kind: "ImageRepository" };
  const metadata = { name: "app", namespace: "dev", generation: 1 };
  await runPass(following, { world: [{ ...object, metadata, spec: { image: `${host}/source/app` } }], key: "dev/app" });
  push?.({ repository: "source/other" });
  push?.({ repository: "source/app" });
  assert.deepEqual(woken, ["dev/app"]);
});
