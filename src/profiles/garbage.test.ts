import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { ConfigMap } from "#api/builtin/index.ts";
import { GitRepository } from "#api/source.toolkit.fluxcd.io/git-repository.ts";
import { ObjectCache } from "#engine/controller/cache.ts";
import { KubeClient } from "#ports/kube/client.ts";
import { writeLayer } from "#ports/oci/layer.ts";
import { eventually, startCluster } from "../../test/compat/cluster.ts";
import { followArtifacts } from "./artifacts.ts";
import { openContent, prepareFolders } from "./data.ts";
import { applyDefinitions } from "./defaults.ts";
import { collectGarbage, DEFAULT_GARBAGE } from "./garbage.ts";

const HOUR_MS = 3_600_000;
const FRONT_DOOR = "http://127.0.0.1:1";
const namespace = "default";

test("content stays while a tag, an object, an artifact or the node needs it, and goes when nobody does", async () => {
  await using cluster = await startCluster();
  const client = new KubeClient(cluster.inProcess);
  await applyDefinitions(client);
  const cache = new ObjectCache(client);
  let ahead = 0;
  const clock = (): Date => new Date(Date.now() + ahead);
  const content = await openContent(await prepareFolders(join(cluster.folder, "content")), clock);
  const artifacts = followArtifacts(cache, content.index, FRONT_DOOR);
  let nodeImages: string[] = [];
  const collect = (retentionMs: number) =>
    collectGarbage(
      {
        client,
        content,
        artifacts,
        nodeImages: () => nodeImages,
        setting: DEFAULT_GARBAGE,
        clock,
        log: () => undefined,
      },
      retentionMs,
    );
  const { blobs, registry, layerCache } = content;
  const layerOf = (text: string) =>
    layerCache.layer(text, () =>
      writeLayer(blobs, [{ path: "f", mode: 0o644, uid: 0, gid: 0, type: "file", content: Buffer.from(text) }], {
        compression: "gzip",
      }),
    );
  const push = async (text: string) => {
    const layer = await layerOf(text);
    const config = {
      architecture: "amd64",
      os: "linux",
      rootfs: { type: "layers" as const, diff_ids: [layer.diffId] },
    };
    return { ...(await registry.putImage("app", ["latest"], { config, layers: [layer] })), layer };
  };

  const old = await push("old");
  const young = await push("young");
  const stray = await layerOf("a build that was given up");
  const remote = await blobs.put(Buffer.from(JSON.stringify({ config: young.layer.descriptor, layers: [] })));
  nodeImages = [`other.example/app@${remote.digest}`];
  await client.create(ConfigMap, {
    metadata: { name: "pin", namespace },
    data: { image: `r.example/app@${old.digest}` },
  });
  const commit = "a".repeat(40);
  const archive = await blobs.put(Buffer.from("source"));
  const path = `/artifacts/gitrepository/${namespace}/src/${commit}.tar.gz`;
  await client.create(GitRepository, {
    metadata: { name: "src", namespace },
    spec: { url: "http://g/src", interval: "1m" },
  });
  const artifact = {
    path: path.slice("/artifacts/".length),
    url: `${FRONT_DOOR}${path}`,
    revision: `main@sha1:${commit}`,
    digest: archive.digest,
    lastUpdateTime: "2026-01-01T00:00:00Z",
    size: archive.size,
  };
  const target = { name: "src", namespace };
  await client.patch(
    GitRepository,
    target,
    { type: "merge", body: { status: { artifact } } },
    { subresource: "status" },
  );
  await eventually(async () => artifacts.find(path) !== undefined);

  assert.equal((await collect(0)).blobs, 0, "everything is new");
  ahead += 2 * HOUR_MS;
  const first = await collect(HOUR_MS);
  assert.deepEqual([first.manifests, first.artifacts, first.blobs], [0, 0, 1], "the stray layer");
  assert.equal(await blobs.lastUse(stray.descriptor.digest), undefined);
  let made = 0;
  await layerCache.layer("a build that was given up", async () => {
    made++;
    return young.layer;
  });
  assert.equal(made, 1, "a layer that is gone is made again");

  await client.delete(ConfigMap, { name: "pin", namespace });
  await client.delete(GitRepository, target);
  nodeImages = [];
  await collect(HOUR_MS);
  ahead += 2 * HOUR_MS;
  const second = await collect(HOUR_MS);
  assert.deepEqual([second.manifests, second.artifacts], [1, 1]);
  const gone = [old.digest, old.layer.descriptor.digest, archive.digest, remote.digest];
  for (const digest of gone) assert.equal(await blobs.lastUse(digest), undefined);
  assert.equal(artifacts.find(path), undefined);
  assert.ok(await blobs.has(young.layer.descriptor.digest));
  assert.ok(registry.manifest("app", "latest"));

  artifacts.close();
  cache.close();
  await content.index.close();
});
