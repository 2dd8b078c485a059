import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { Container, Pod, PodSpec } from "#api/builtin/types.gen.ts";
import { exceededLimit, hasStorageLimits } from "./limits.ts";
import { Pressures } from "./pressures.ts";
import { type Candidate, evictionMessage, rankForEviction } from "./rank.ts";
import { measureStorage, type StorageUse, totalUse } from "./storage-use.ts";
import { type Shortage, shortagesOf } from "./thresholds.ts";

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

function pod(name: string, containers: Container[], spec: Partial<PodSpec> = {}): Pod {
  return { apiVersion: "v1", kind: "Pod", metadata: { name }, spec: { containers, ...spec } };
}

function container(
  name: string,
  requests: Record<string, string> = {},
  limits: Record<string, string> = {},
): Container {
  return { name, image: "app", resources: { requests, limits } };
}

describe("exceededLimit", () => {
  const use = (
    volumes: Record<string, number>,
    containers: Record<string, [logs: number, writable: number]>,
  ): StorageUse => ({
    volumes: new Map(Object.entries(volumes)),
    containers: new Map(Object.entries(containers).map(([name, [logs, writable]]) => [name, { logs, writable }])),
  });
  const limited = (limit: string) => container("c", {}, { "ephemeral-storage": limit });
  const scratch = { volumes: [{ name: "tmp", emptyDir: { sizeLimit: "1Mi" } }] };
  const rows: [string, Pod, StorageUse, string | undefined][] = [
    ["no limits", pod("p", [container("c")]), use({ tmp: GIB }, { c: [GIB, GIB] }), undefined],
    ["a volume within its limit", pod("p", [container("c")], scratch), use({ tmp: MIB }, {}), undefined],
    [
      "a volume beyond it",
      pod("p", [container("c")], scratch),
      use({ tmp: MIB + 1 }, {}),
      'Usage of EmptyDir volume "tmp" exceeds the limit "1Mi". ',
    ],
    [
      "all of a pod",
      pod("p", [limited("1Mi"), { ...limited("1Mi"), name: "d" }]),
      use({ tmp: MIB }, { c: [MIB, 0], d: [MIB, 0] }),
      "Pod ephemeral local storage usage exceeds the total limit of containers 2097152. ",
    ],
    [
      "one container, when there are others without",
      pod("p", [limited("1Mi"), { ...limited("9Mi"), name: "d" }]),
      use({}, { c: [MIB, 1], d: [0, 0] }),
      'Container c exceeded its local ephemeral storage limit "1Mi". ',
    ],
    [
      "an init container's limit, when that is larger",
      pod("p", [limited("1Mi")], { initContainers: [{ ...limited("3Mi"), name: "i" }] }),
      use({ tmp: 2 * MIB }, { c: [0, 0] }),
      undefined,
    ],
  ];
  for (const [title, given, used, expected] of rows)
    it(title, () => assert.equal(exceededLimit(given, used), expected));

  it("is asked only for pods with limits", () => {
    assert.equal(hasStorageLimits(pod("p", [container("c", {}, { memory: "1Mi" })])), false);
    assert.ok(hasStorageLimits(pod("p", [limited("1Mi")])));
    assert.ok(hasStorageLimits(pod("p", [container("c")], scratch)));
  });
});

describe("shortagesOf", () => {
  const disk = (totalBytes: number, freeBytes: number, totalInodes = 0, freeInodes = 0) => ({
    ...{ totalBytes, freeBytes, totalInodes, freeInodes },
  });
  const plenty = disk(100 * GIB, 50 * GIB, 1000, 900);
  const short = (headroom: Parameters<typeof shortagesOf>[0]): string[] =>
    shortagesOf(headroom).map(({ resource, threshold, available }) => `${resource} ${available}<${threshold}`);
  it("says nothing while there is enough, or when nobody knows", () => {
    assert.deepEqual(short({ disk: plenty, imageDisk: plenty, memoryBytes: GIB, processes: 1000 }), []);
    assert.deepEqual(short({ disk: plenty, imageDisk: plenty }), []);
    assert.deepEqual(short({ disk: disk(100, 50), imageDisk: disk(100, 50) }), [], "a file system without inodes");
  });
  it("takes a share of a small disk, and a fixed amount of a large one", () => {
    assert.deepEqual(short({ disk: disk(1000, 99), imageDisk: plenty }), ["ephemeral-storage 99<100"]);
    assert.deepEqual(short({ disk: plenty, imageDisk: disk(1000, 149) }), ["ephemeral-storage 149<150"]);
    assert.deepEqual(short({ disk: disk(100 * GIB, 2 * GIB), imageDisk: plenty }), []);
    assert.deepEqual(short({ disk: disk(100 * GIB, GIB - 1), imageDisk: plenty }), [
      `ephemeral-storage ${GIB - 1}<${GIB}`,
    ]);
  });
  it("looks at inodes, memory and processes", () => {
    assert.deepEqual(short({ disk: disk(100, 50, 1000, 49), imageDisk: plenty }), ["inodes 49<50"]);
    assert.deepEqual(short({ disk: plenty, imageDisk: plenty, memoryBytes: 99 * MIB, processes: 255 }), [
      `memory ${99 * MIB}<${100 * MIB}`,
      "pids 255<256",
    ]);
  });
});

describe("Pressures", () => {
  it("last a while longer than what causes them", () => {
    const pressures = new Pressures(100);
    const shortage: Shortage = { condition: "DiskPressure", resource: "inodes", threshold: 1, available: 0 };
    assert.equal(pressures.observe([], 0), false);
    assert.equal(pressures.observe([shortage], 10), true);
    assert.equal(pressures.observe([shortage, { ...shortage, condition: "MemoryPressure" }], 50), true);
    assert.deepEqual(pressures.current, ["DiskPressure", "MemoryPressure"]);
    assert.equal(pressures.observe([], 150), false);
    assert.equal(pressures.observe([], 151), true);
    assert.deepEqual(pressures.current, []);
  });
});

describe("rankForEviction", () => {
  const candidate = (name: string, used: number, request: string | undefined, priority = 0): Candidate => ({
    pod: pod(name, [container("c", request ? { memory: request } : {})], { priority }),
    use: new Map([["c", used * MIB]]),
  });
  it("begins with those beyond their request, the least important first, then the greediest", () => {
    const ranked = rankForEviction(
      [
        candidate("within", 500, "1Gi", -10),
        candidate("important", 900, undefined, 100),
        candidate("modest", 20, "10Mi"),
        candidate("greedy", 200, "10Mi"),
        candidate("system", 900, undefined, 2_000_000_000),
        candidate("idle", 0.5, undefined),
      ],
      "memory",
    );
    assert.deepEqual(
      ranked.map(({ pod: { metadata } }) => metadata.name),
      ["greedy", "modest", "important", "within"],
    );
  });
  it("tells the pod what it used", () => {
    const shortage: Shortage = {
      condition: "DiskPressure",
      resource: "ephemeral-storage",
      threshold: GIB,
      available: MIB,
    };
    const given = pod("p", [
      container("a", { "ephemeral-storage": "1Mi" }),
      container("b", { "ephemeral-storage": "9Mi" }),
    ]);
    const use = new Map([
      ["a", 2 * MIB],
      ["b", 2 * MIB],
      ["", 5 * MIB],
    ]);
    assert.equal(
      evictionMessage({ pod: given, use }, shortage),
      "The node was low on resource: ephemeral-storage. Threshold quantity: 1048576Ki, available: 1024Ki. Container a was using 2048Ki, request is 1Mi, has larger consumption of ephemeral-storage. ",
    );
  });
});

describe("measureStorage", () => {
  it("counts volumes, logs and what was written, and nothing for what is not there", async () => {
    const root = await mkdtemp(join(tmpdir(), "slipway-use-"));
    await mkdir(join(root, "volumes", "data", "deep"), { recursive: true });
    await mkdir(join(root, "logs"));
    await writeFile(join(root, "volumes", "data", "deep", "file"), Buffer.alloc(MIB));
    await writeFile(join(root, "logs", "0.log"), Buffer.alloc(MIB));
    const use = await measureStorage({
      volumes: join(root, "volumes"),
      containers: [
        { name: "c", logs: join(root, "logs"), writable: join(root, "volumes", "data") },
        { name: "gone", logs: join(root, "none"), writable: undefined },
      ],
    });
    const near = (bytes: number | undefined, expected: number) =>
      assert.ok(Math.abs((bytes ?? 0) - expected) < 64 * 1024);
    near(use.volumes.get("data"), MIB);
    near(use.containers.get("c")?.logs, MIB);
    near(use.containers.get("c")?.writable, MIB);
    assert.deepEqual(use.containers.get("gone"), { logs: 0, writable: 0 });
    near(totalUse(use), 3 * MIB);
    await rm(root, { recursive: true });
  });
});
