import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { after, test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { extract, pack } from "tar-stream";
import { BlobStore } from "#ports/blobs/blob-store.ts";
import { NameIndex } from "#ports/blobs/name-index.ts";
import type { RunImage } from "#ports/oci/base-image/base-image.ts";
import { type Layer, writeLayer } from "#ports/oci/layer.ts";
import { LayerCache } from "#ports/oci/layer-cache.ts";
import { Registry } from "#ports/oci/registry/registry.ts";
import { type BuildOptions, type BuiltImage, buildNodeImage } from "./node-image.ts";
import type { RunNpm } from "./npm-install.ts";

const root = await mkdtemp(join(tmpdir(), "buildpack-"));
after(() => rm(root, { recursive: true }));
await writeFile(join(root, "node"), "a binary", { mode: 0o755 });

/** A machine with its own content store, a run image, and an npm that writes what it is asked for. */
async function makeMachine(npm?: RunNpm) {
  const directory = await mkdtemp(join(root, "machine-"));
  const blobs = await BlobStore.open(join(directory, "store"));
  const index = await NameIndex.open(join(directory, "names.log"));
  after(() => index.close());
  const content = Buffer.from("base");
  const layer = await writeLayer(blobs, [{ path: "base", type: "file", content, mode: 0o644, uid: 0, gid: 0 }], {
    compression: "zstd",
  });
  const runImage: RunImage & { reference: string } = {
    layers: [layer],
    config: {
      architecture: "amd64",
      os: "linux",
      config: { Env: ["PATH=/usr/bin", "NODE_ENV=other"], Labels: { "io.buildpacks.base.id": "test" } },
      rootfs: { type: "layers", diff_ids: [layer.diffId] },
    },
    reference: "registry/run@sha256:1",
  };
  const calls: { args: readonly string[]; files: string[] }[] = [];
  const fakeNpm: RunNpm = async (args, cwd) => {
    calls.push({ args, files: (await readdir(cwd)).sort() });
    await mkdir(join(cwd, "node_modules/dep"), { recursive: true });
    await writeFile(join(cwd, "node_modules/dep/index.js"), "module.exports = 1\n");
    return { code: 0, output: "added 1 package" };
  };
  const log: string[] = [];
  const build = (tree: string, more: Partial<BuildOptions> = {}) =>
    buildNodeImage({
      tree,
      runImage,
      cache: new LayerCache(blobs, index),
      workDirectory: join(directory, "work"),
      node: { path: join(root, "node"), version: "24.0.0" },
      runNpm: npm ?? fakeNpm,
      log: (line) => log.push(line),
      ...more,
    });
  return { directory, blobs, registry: new Registry(blobs, index), calls, log, build };
}

async function makeTree(files: Record<string, string>): Promise<string> {
  const tree = await mkdtemp(join(root, "tree-"));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await writeFile(join(tree, path), text);
  }
  return tree;
}

const plain = { "package.json": '{"name":"app","scripts":{"start":"node server.js"}}', "server.js": "listen()\n" };
const lock = (more: object = {}) =>
  JSON.stringify({ lockfileVersion: 3, packages: { "": {}, "node_modules/dep": { version: "1.0.0" }, ...more } });
const withDependency = {
  ...plain,
  "package.json": '{"name":"app","scripts":{"start":"node server.js"},"dependencies":{"dep":"1"}}',
  "package-lock.json": lock(),
};

function built(outcome: Awaited<ReturnType<typeof buildNodeImage>>): BuiltImage {
  assert.equal(outcome.kind, "built", JSON.stringify(outcome));
  return outcome as BuiltImage;
}

async function namesIn(blobs: BlobStore, layer: Layer | undefined): Promise<string[]> {
  const content = await blobs.read(layer?.descriptor.digest ?? "");
  const entries = extract();
  Readable.from([gunzipSync(content ?? Buffer.alloc(0))]).pipe(entries);
  const names: string[] = [];
  for await (const entry of entries) {
    names.push(entry.header.name);
    entry.resume();
  }
  return names;
}

test("a plain application becomes run image, Node.js, bill of materials and application", async () => {
  const { build, blobs, calls } = await makeMachine();
  const tree = await makeTree({ ...plain, ".git/HEAD": "x", "node_modules/stale/index.js": "x" });
  const source = { repository: "https://git/app", commit: "abc", revision: "main" };
  const image = built(await build(tree, { source, created: new Date("2024-05-06T07:08:09Z") }));
  assert.equal(calls.length, 0, "nothing to install");
  assert.equal(image.layers.length, 4);
  assert.deepEqual(
    image.config.rootfs.diff_ids,
    image.layers.map(({ diffId }) => diffId),
  );
  assert.deepEqual(await namesIn(blobs, image.layers[3]), [
    "workspace",
    "workspace/package.json",
    "workspace/server.js",
  ]);
  const { config, created, history } = image.config;
  assert.equal(created, "2024-05-06T07:08:09.000Z");
  assert.deepEqual(config?.Entrypoint, ["/layers/slipway_node-engine/node/bin/node", "server.js"]);
  assert.deepEqual([config?.WorkingDir, config?.User], ["/workspace", "1001:1001"]);
  assert.deepEqual(config?.Env, [
    "NODE_ENV=production",
    "NODE_HOME=/layers/slipway_node-engine/node",
    "PATH=/workspace/node_modules/.bin:/layers/slipway_node-engine/node/bin:/usr/bin",
  ]);
  assert.deepEqual(
    history?.map(({ created_by }) => created_by),
    [
      "Layer: 'node', Created by buildpack: slipway/node-engine@1.0.0",
      "Software Bill-of-Materials",
      "Application Layer",
    ],
  );
  const labels = config?.Labels ?? {};
  const label = (name: string) => JSON.parse(labels[`io.buildpacks.${name}.metadata`] ?? "") as Record<string, unknown>;
  assert.equal(labels["io.buildpacks.base.id"], "test");
  assert.equal(labels["io.buildpacks.app.sbom"], image.layers[2]?.diffId);
  assert.deepEqual(label("project"), {
    source: { type: "git", version: { commit: "abc" }, metadata: { repository: "https://git/app", revision: "main" } },
  });
  assert.deepEqual(label("lifecycle").app, [{ sha: image.layers[3]?.diffId }]);
  assert.deepEqual((label("lifecycle").runImage as { topLayer: string }).topLayer, image.layers[0]?.diffId);
  assert.deepEqual((label("build").processes as object[])[0], {
    type: "web",
    command: ["/layers/slipway_node-engine/node/bin/node"],
    args: ["server.js"],
    direct: true,
    "working-dir": "/workspace",
    buildpackID: "slipway/nodejs",
  });
});

test("the same inputs give the same image on another machine", async () => {
  const digests: string[] = [];
  for (let machine = 0; machine < 2; machine++) {
    const { build, registry } = await makeMachine();
    const image = built(await build(await makeTree(withDependency)));
    digests.push((await registry.putImage("app", ["v1"], image)).digest);
  }
  assert.equal(digests[0], digests[1]);
});

test("dependencies are installed once per lock file; a source change makes only the application layer", async () => {
  const { build, blobs, calls, directory } = await makeMachine();
  const first = built(await build(await makeTree(withDependency)));
  const second = built(await build(await makeTree({ ...withDependency, "server.js": "changed()\n" })));
  assert.equal(calls.length, 1);
  assert.deepEqual(calls[0]?.files, ["package-lock.json", "package.json"]);
  assert.deepEqual(calls[0]?.args.slice(0, 2), ["ci", "--omit=dev"]);
  assert.deepEqual(await namesIn(blobs, first.layers[2]), [
    "workspace",
    "workspace/node_modules",
    "workspace/node_modules/dep",
    "workspace/node_modules/dep/index.js",
  ]);
  const changed = first.layers.map(({ diffId }, position) => diffId !== second.layers[position]?.diffId);
  assert.deepEqual(changed, [false, false, false, false, true]);
  built(
    await build(
      await makeTree({ ...withDependency, "package-lock.json": lock({ "node_modules/x": { version: "1.0.0" } }) }),
    ),
  );
  assert.equal(calls.length, 2, "another lock file");
  built(await build(await makeTree(withDependency), { env: { npm_config_registry: "https://other" } }));
  assert.equal(calls.length, 3, "another registry");
  assert.deepEqual(await readdir(join(directory, "work")), [], "nothing is left behind");
});

test("with install scripts the tree counts, and what they generate gets into the image", async () => {
  const npm: RunNpm = async (_args, cwd) => {
    await mkdir(join(cwd, "packages/p/node_modules/inner"), { recursive: true });
    await writeFile(join(cwd, "packages/p/node_modules/inner/index.js"), "");
    await cp(join(cwd, "server.js"), join(cwd, "generated.js"));
    return { code: 0, output: "" };
  };
  const { build, blobs } = await makeMachine(npm);
  const packageJson = '{"scripts":{"start":"node generated.js","postinstall":"x"},"dependencies":{"dep":"1"}}';
  const files = { ...withDependency, "package.json": packageJson };
  for (let round = 0; round < 2; round++) {
    const image = built(await build(await makeTree(files)));
    assert.ok((await namesIn(blobs, image.layers[4])).includes("workspace/generated.js"));
    assert.ok((await namesIn(blobs, image.layers[2])).includes("workspace/packages/p/node_modules/inner/index.js"));
  }
});

test("a layer whose content was lost is made again", async () => {
  const { build, blobs, calls } = await makeMachine();
  const image = built(await build(await makeTree(withDependency)));
  await blobs.delete(image.layers[2]?.descriptor.digest ?? "");
  assert.deepEqual(built(await build(await makeTree(withDependency))).layers, image.layers);
  assert.equal(calls.length, 2);
});

test("an npm that fails is reported with its output and leaves nothing", async () => {
  const { build, directory } = await makeMachine(async () => ({
    code: 1,
    output: "npm error code E404\nnpm error dep",
  }));
  const outcome = await build(await makeTree(withDependency));
  assert.deepEqual(outcome, {
    kind: "failed",
    reason:
      "npm ci --omit=dev --no-audit --no-fund --no-update-notifier ended with exit code 1:\nnpm error code E404\nnpm error dep",
  });
  assert.deepEqual(await readdir(join(directory, "work")), []);
});

for (const [what, files, reason] of [
  ["no package.json", { "main.go": "", "go.mod": "" }, /looked for package\.json, found go\.mod, main\.go/],
  ["an empty tree", {}, /found an empty directory/],
  ["a broken package.json", { "package.json": "{" }, /package\.json is not a JSON object/],
  ["a list as package.json", { "package.json": "[]" }, /package\.json is not a JSON object: it is \[\]/],
  ["nothing to start", { "package.json": "{}" }, /no "start" script/],
  ["no lock file", { ...withDependency, "package-lock.json": "" }, /not a JSON object/],
  [
    "another lock file",
    { "package.json": '{"dependencies":{"a":"1"}}', "yarn.lock": "" },
    /yarn\.lock is not supported.*package-lock\.json/,
  ],
] as [string, Record<string, string>, RegExp][])
  test(`${what} is refused with a reason`, async () => {
    const { build } = await makeMachine();
    const outcome = await build(await makeTree(files));
    assert.equal(outcome.kind, "refused");
    assert.match(outcome.kind === "refused" ? outcome.reason : "", reason);
  });

const hasNpm = spawnSync("npm", ["--version"]).status === 0;

test("the real npm installs a package from an archive in the tree", {
  skip: !hasNpm && "npm is not installed",
}, async () => {
  const npm: RunNpm = (args, cwd, env) =>
    new Promise((resolve) => {
      const options = {
        cwd,
        env: { PATH: process.env.PATH, ...env, npm_config_cache: join(root, "npm"), npm_config_offline: "true" },
      };
      execFile("npm", args, options, (error, stdout, stderr) =>
        resolve({ code: error ? 1 : 0, output: stdout + stderr }),
      );
    });
  const archive = pack();
  archive.entry({ name: "package/package.json" }, '{"name":"dep","version":"1.0.0"}');
  archive.entry({ name: "package/index.js" }, "module.exports = 42\n");
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  const tree = await makeTree({
    ...plain,
    "package.json": '{"name":"app","scripts":{"start":"node server.js"},"dependencies":{"dep":"file:dep.tgz"}}',
    "package-lock.json": JSON.stringify({
      name: "app",
      lockfileVersion: 3,
      requires: true,
      packages: {
        "": { name: "app", dependencies: { dep: "file:dep.tgz" } },
        "node_modules/dep": { version: "1.0.0", resolved: "file:dep.tgz" },
      },
    }),
  });
  await writeFile(join(tree, "dep.tgz"), gzipSync(Buffer.concat(chunks)));
  const { build, blobs } = await makeMachine(npm);
  const image = built(await build(tree));
  const names = await namesIn(blobs, image.layers[2]);
  assert.ok(names.includes("workspace/node_modules/dep/index.js"), names.join(" "));
  assert.equal(image.sbom.components[1]?.purl, "pkg:npm/dep@1.0.0");
});
