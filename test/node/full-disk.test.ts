/** What happens to pods on a disk that is full, on file systems that are small. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { BlobStore } from "#ports/blobs/blob-store.ts";
import { NameIndex } from "#ports/blobs/name-index.ts";
import { writeLayer } from "#ports/oci/layer.ts";
import { Registry } from "#ports/oci/registry/registry.ts";
import { createImageSource } from "#ports/oci/unpack/image-source.ts";
import { eventually } from "../compat/cluster.ts";
import { isReady, startWorld, stateOf } from "./world.ts";

const run = promisify(execFile);
const HOST = "registry.test";
const MIB = 1024 ** 2;

type SmallDisk = AsyncDisposable & { path: string; resize(mebibytes: number): Promise<void> };

/** A file system in memory of its own. */
async function smallDisk(mebibytes: number): Promise<SmallDisk> {
  const path = await mkdtemp(join(tmpdir(), "slipway-disk-"));
  await run("mount", ["-t", "tmpfs", "-o", `size=${mebibytes}m`, "tmpfs", path]);
  return {
    path,
    resize: async (size) => {
      await run("mount", ["-o", `remount,size=${size}m`, path]);
    },
    [Symbol.asyncDispose]: async () => {
      await run("umount", ["-l", path]);
      await rm(path, { recursive: true });
    },
  };
}

async function canMount(): Promise<boolean> {
  try {
    await (await smallDisk(1))[Symbol.asyncDispose]();
    return true;
  } catch {
    return false;
  }
}

const skip = (await canMount()) ? false : "mounting a small file system needs root";

type Images = AsyncDisposable & {
  source: Awaited<ReturnType<typeof createImageSource>>;
  push(name: string, size: number): Promise<void>;
};

/** Images in a registry on a large disk, unpacked below a directory of a small one. */
async function imagesOn(disk: string): Promise<Images> {
  const root = await mkdtemp(join(tmpdir(), "slipway-images-"));
  const blobs = await BlobStore.open(join(root, "blobs"));
  const index = await NameIndex.open(join(root, "names.log"));
  const registry = new Registry(blobs, index);
  const directory = join(disk, "layers");
  return {
    source: await createImageSource({ blobs, directory, registry, localHosts: [HOST] }),
    push: async (name, size) => {
      const entry = { path: "file", mode: 0o644, uid: 0, gid: 0, type: "file", content: randomBytes(size) } as const;
      const layer = await writeLayer(blobs, [entry], { compression: "none" });
      const rootfs = { type: "layers" as const, diff_ids: [layer.diffId] };
      const config = { architecture: "amd64", os: "linux", config: { Cmd: ["/app"] }, rootfs };
      await registry.putImage(name, ["1"], { config, layers: [layer] });
    },
    [Symbol.asyncDispose]: async () => {
      await index.close();
      await rm(root, { recursive: true });
    },
  };
}

test("an image for which there is no room is told and leaves nothing; other pods go on; with room it comes by itself", {
  skip,
}, async () => {
  await using disk = await smallDisk(8);
  await using images = await imagesOn(disk.path);
  await images.push("small", MIB);
  await images.push("large", 20 * MIB);
  await using world = await startWorld({ wrapImages: () => images.source, layers: images.source });
  await world.create("small", { image: `${HOST}/small:1` });
  await world.seen("small", isReady);
  await world.create("large", { image: `${HOST}/large:1` });
  const waiting = await world.seen("large", (pod) => stateOf(pod)?.state?.waiting?.reason === "ErrImagePull");
  assert.match(stateOf(waiting)?.state?.waiting?.message ?? "", /registry\.test\/large:1.*no space left on device/);
  const names = await readdir(join(disk.path, "layers"));
  assert.equal(names.filter((name) => !name.startsWith("tmp-")).length, 1, "the layer of the small image");
  assert.ok(isReady(await world.client.get(world.pods, "small", "default")));
  await world.create("another", { image: `${HOST}/small:1` });
  await world.seen("another", isReady);
  await disk.resize(64);
  await world.seen("large", isReady);
  await eventually(async () => (await readdir(join(disk.path, "layers"))).every((name) => !name.startsWith("tmp-")));
});

test("a node whose own disk is full starts nothing, says why, keeps what runs, and goes on when there is room", {
  skip,
}, async () => {
  await using disk = await smallDisk(8);
  const measure = async () => {
    const plenty = { totalBytes: 100, freeBytes: 90, totalInodes: 0, freeInodes: 0 };
    return { disk: plenty, imageDisk: plenty };
  };
  await using world = await startWorld({ dataDir: disk.path, housekeeping: { measure } });
  await world.create("before");
  await world.seen("before", isReady);
  const filler = join(disk.path, "filler");
  await writeFile(filler, "");
  const { bavail, bsize } = await statfs(disk.path);
  await writeFile(filler, Buffer.alloc(bavail * bsize)).catch(() => undefined);
  const volumeMounts = [{ name: "data", mountPath: "/data" }];
  await world.client.create(world.pods, {
    metadata: { name: "during", namespace: "default", annotations: { text: createHash("sha256").digest("hex") } },
    spec: {
      containers: [{ name: "c", image: "app:1", volumeMounts }],
      volumes: [
        { name: "data", downwardAPI: { items: [{ path: "text", fieldRef: { fieldPath: "metadata.annotations" } }] } },
      ],
    },
  });
  const [message] = await eventually(async () => {
    const messages = [
      ...(await world.messages("during", "FailedMount")),
      ...(await world.messages("during", "Failed")),
    ];
    return messages.length > 0 && messages;
  });
  assert.match(message ?? "", /no space left on device/);
  assert.ok(isReady(await world.client.get(world.pods, "before", "default")));
  await rm(filler);
  await world.seen("during", isReady);
  await world.client.delete(world.pods, { name: "during", namespace: "default" }, { gracePeriodSeconds: 0 });
  await eventually(async () => (await readdir(join(disk.path, "pods"))).length === 1);
});
