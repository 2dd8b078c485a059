import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Event } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import type { Headroom } from "#engine/node/registration/machine.ts";
import { eventually } from "../compat/cluster.ts";
import { isReady, NODE_NAME, startWorld, type World } from "./world.ts";

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

function headroom(freeBytes: number): Headroom {
  const disk = { totalBytes: 10 * GIB, freeBytes, totalInodes: 0, freeInodes: 0 };
  return { disk, imageDisk: disk, memoryBytes: 4 * GIB, processes: 10_000 };
}

/** Where on the host the pod's volume is that is mounted at a path. */
function volumeOf(world: World, pod: string, target: string): string {
  const mount = world.container(pod).spec.mounts.find((candidate) => candidate.target === target);
  assert.ok(mount);
  return mount.source;
}

const isFailed = (pod: k8s.Pod | undefined): boolean => pod?.status?.phase === "Failed";

function pressureOf(node: k8s.Node | undefined): string | undefined {
  return node?.status?.conditions?.find(({ type }) => type === "DiskPressure")?.status;
}

test("a pod that fills its emptyDir, and one that writes more than its container may, are evicted; others go on", async () => {
  await using world = await startWorld({ housekeeping: { checkMs: 20, measure: async () => headroom(5 * GIB) } });
  const volumes = (sizeLimit: string) => ({ volumes: [{ name: "tmp", emptyDir: { sizeLimit } }] });
  const volumeMounts = [{ name: "tmp", mountPath: "/tmp" }];
  await world.create("full", { volumeMounts }, volumes("1Mi"));
  await world.create("modest", { volumeMounts }, volumes("1Mi"));
  await world.create("writer", { resources: { limits: { "ephemeral-storage": "1Mi" } } });
  await Promise.all(["full", "modest", "writer"].map((name) => world.seen(name, isReady)));
  const volume = volumeOf(world, "full", "/tmp");
  await writeFile(join(volume, "file"), Buffer.alloc(2 * MIB));
  const full = await world.seen("full", isFailed);
  assert.equal(full.status?.reason, "Evicted");
  assert.equal(full.status?.message, 'Usage of EmptyDir volume "tmp" exceeds the limit "1Mi". ');
  assert.equal(
    full.status?.conditions?.some(({ type }) => type === "DisruptionTarget"),
    false,
  );
  assert.deepEqual(
    await eventually(async () => {
      const messages = await world.messages("full", "Evicted");
      return messages.length > 0 && messages;
    }),
    [full.status?.message],
  );
  await eventually(async () => !existsSync(volume));
  assert.ok(world.container("full").removed);

  const written = join(world.directory, "written");
  await mkdir(written);
  await writeFile(join(written, "file"), Buffer.alloc(2 * MIB));
  world.container("writer").writable = written;
  const writer = await world.seen("writer", isFailed);
  assert.equal(writer.status?.message, "Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. ");
  const modest = await world.client.get(world.pods, "modest", "default");
  assert.ok(isReady(modest));
});

test("on a full disk the greediest pod goes, the node says so until there is room, and then takes pods again", async () => {
  // The disk is full for as long as the large file is there.
  let file = "";
  await using world = await startWorld({
    housekeeping: {
      checkMs: 20,
      holdMs: 50,
      measure: async () => headroom(existsSync(file) ? 100 * MIB : 5 * GIB),
    },
  });
  const volumes = [{ name: "tmp", emptyDir: {} }];
  const volumeMounts = [{ name: "tmp", mountPath: "/tmp" }];
  for (const name of ["small", "large"]) await world.create(name, { volumeMounts }, { volumes });
  await Promise.all(["small", "large"].map((name) => world.seen(name, isReady)));
  for (const [name, size] of [
    ["small", 2],
    ["large", 8],
  ] as const)
    await writeFile(join(volumeOf(world, name, "/tmp"), "file"), Buffer.alloc(size * MIB));
  file = join(volumeOf(world, "large", "/tmp"), "file");
  const evicted = await world.seen("large", isFailed);
  assert.equal(evicted.status?.reason, "Evicted");
  assert.match(
    evicted.status?.message ?? "",
    /^The node was low on resource: ephemeral-storage\. Threshold quantity: 1048576Ki, available: 102400Ki\. /,
  );
  const disruption = evicted.status?.conditions?.find(({ type }) => type === "DisruptionTarget");
  assert.deepEqual([disruption?.status, disruption?.reason], ["True", "TerminationByKubelet"]);
  await eventually(async () => {
    const { items } = await world.client.list(Event, { fields: `involvedObject.name=${NODE_NAME}` });
    return items.some(({ reason }) => reason === "NodeHasDiskPressure");
  });
  await eventually(async () => pressureOf(await world.client.get(world.nodes, NODE_NAME)) === "False");
  assert.ok(isReady(await world.client.get(world.pods, "small", "default")));
  await world.create("later");
  await world.seen("later", isReady);
});

test("under pressure a node takes no new pod, but one of the system", async () => {
  let free = 0;
  await using world = await startWorld({
    housekeeping: { checkMs: 20, holdMs: 20, measure: async () => headroom(free) },
  });
  await eventually(async () => pressureOf(await world.client.get(world.nodes, NODE_NAME)) === "True");
  await world.create("given", {}, { nodeName: NODE_NAME });
  const refused = await world.seen("given", isFailed);
  assert.deepEqual(
    [refused.status?.reason, refused.status?.message],
    ["Evicted", "The node had condition: [DiskPressure]. "],
  );
  await world.create("system", {}, { nodeName: NODE_NAME, priorityClassName: "system-node-critical" });
  await world.seen("system", isReady);
  free = 5 * GIB;
  await eventually(async () => pressureOf(await world.client.get(world.nodes, NODE_NAME)) === "False");
  await world.create("again", {}, { nodeName: NODE_NAME });
  await world.seen("again", isReady);
});
