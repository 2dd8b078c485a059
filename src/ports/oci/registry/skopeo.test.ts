import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { BlobStore } from "#ports/blobs/blob-store.ts";
import { NameIndex } from "#ports/blobs/name-index.ts";
import { writeLayer } from "../layer.ts";
import type { Compression } from "../media-types.ts";
import { walkTree } from "../tree.ts";
import { createRegistryHandler } from "./handler.ts";
import { Registry } from "./registry.ts";

const hasSkopeo = spawnSync("skopeo", ["--version"]).status === 0;
const skip = hasSkopeo ? false : "skopeo is not installed";
const root = await mkdtemp(join(tmpdir(), "skopeo-"));
const blobs = await BlobStore.open(join(root, "store"));
const index = await NameIndex.open(join(root, "names.log"));
const registry = new Registry(blobs, index);
const handler = createRegistryHandler({
  registry,
  authorize: async (header, action) => action === "pull" || header === "Bearer secret",
});
const server = createServer((request, response) => {
  void handler(request, response).then((done) => done || response.writeHead(404).end());
});
let host = "";
before(async () => {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(async () => {
  server.close();
  await index.close();
  await rm(root, { recursive: true });
});

async function skopeo(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)("skopeo", args, {
    env: { ...process.env, HOME: root },
    timeout: 60_000,
  });
  return stdout;
}

async function putImage(repository: string, compression: Compression): Promise<string> {
  const tree = join(root, "tree");
  await mkdir(tree, { recursive: true });
  await writeFile(join(tree, "server.js"), "console.log('hello')\n");
  const layer = await writeLayer(blobs, walkTree(tree, { as: "app", uid: 0, gid: 0 }), { compression });
  const rootfs = { type: "layers" as const, diff_ids: [layer.diffId] };
  const config = { architecture: "amd64", os: "linux", created: "2020-01-01T00:00:00Z", config: {}, rootfs };
  return (await registry.putImage(repository, ["v1"], { config, layers: [layer] })).digest;
}

for (const compression of ["gzip", "zstd"] as const)
  test(`skopeo inspects and pulls an image with ${compression} layers without credentials`, { skip }, async () => {
    const digest = await putImage(`team/${compression}`, compression);
    const image = `docker://${host}/team/${compression}:v1`;
    const inspected = JSON.parse(await skopeo("inspect", "--tls-verify=false", image)) as Record<string, unknown>;
    assert.deepEqual([inspected.Digest, inspected.RepoTags], [digest, ["v1"]]);
    await skopeo("copy", "--src-tls-verify=false", image, `dir:${join(root, compression)}`);
    const manifest = await readFile(join(root, compression, "manifest.json"));
    assert.ok(manifest.equals((await blobs.read(digest)) ?? Buffer.alloc(0)));
  });

test("skopeo pushes with the token as password, in OCI and Docker format, and not without", { skip }, async () => {
  await putImage("source", "gzip");
  const source = `docker://${host}/source:v1`;
  const local = `dir:${join(root, "local")}`;
  await skopeo("copy", "--src-tls-verify=false", source, local);
  const push = (target: string, ...more: string[]) =>
    skopeo("copy", "--dest-tls-verify=false", ...more, local, `docker://${host}/${target}`);
  await assert.rejects(push("pushed/oci:v1"), /unauthorized|authentication required|needs a token/i);
  await assert.rejects(push("pushed/oci:v1", "--dest-creds", "slipway:wrong"), /unauthorized|needs a token/i);
  await push("pushed/oci:v1", "--dest-creds", "slipway:secret");
  await push("pushed/docker:v1", "--dest-creds", "slipway:secret", "--format", "v2s2");
  assert.equal(registry.manifest("pushed/oci", "v1")?.digest, registry.manifest("source", "v1")?.digest);
  assert.match(registry.manifest("pushed/docker", "v1")?.mediaType ?? "", /vnd\.docker\.distribution\.manifest\.v2/);
  await skopeo("copy", "--src-tls-verify=false", `docker://${host}/pushed/docker:v1`, `dir:${join(root, "again")}`);
});

test("skopeo deletes a tagged image with a token", { skip }, async () => {
  await putImage("doomed", "gzip");
  const image = `docker://${host}/doomed:v1`;
  await skopeo("delete", "--tls-verify=false", "--creds", "slipway:secret", image);
  assert.equal(registry.manifest("doomed", "v1"), undefined);
});
