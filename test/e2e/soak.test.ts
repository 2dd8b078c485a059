/**
 * Thousands of pods come and go, and things go wrong on the way; then there is as much on the machine as before.
 * `SLIPWAY_SOAK=2000` runs so many of them for real.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Pod } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { ImageError, type ImageSource } from "#ports/oci/image.ts";
import { FakeRuntime } from "#ports/sandbox/fake.ts";
import { detectMemoryVolumes } from "#ports/sandbox/memory-volumes.ts";
import { machineHost } from "#ports/sandbox/network/host/machine.ts";
import { createLoopbackNetwork } from "#ports/sandbox/network/loopback.ts";
import { createRoutedNetwork } from "#ports/sandbox/network/routed.ts";
import { createRunc } from "#ports/sandbox/runc/runc.ts";
import { createToolLauncher } from "#ports/sandbox/tools/launcher.ts";
import { type Inventory, inventory } from "../harness/inventory.ts";
import { type PodParts, startPodParts } from "../harness/pod-parts.ts";
import { must } from "../harness/program.ts";
import { sleeperImage } from "../harness/sleeper-image.ts";
import { has } from "../harness/tools.ts";
import { eventually } from "../harness/wait.ts";

const REAL = Number(process.env.SLIPWAY_SOAK ?? 200);
const PRETENDED = Math.max(0, 2_000 - REAL);
const AT_ONCE = 8;
const NAMESPACE = "default";
const BACKOFF = { initialMs: 50, maxMs: 200 };
/** Of the file system for containers, in bytes. */
const DISK = 24 << 20;
const FULL_DISK_PODS = 4;
const QUIET_MS = 300;

const missing = ["runc", "nsenter", "nft", "ip", "perl"].filter((tool) => !has(tool));
const notReal = process.getuid?.() !== 0 ? "needs root" : missing.length > 0 && `not installed: ${missing}`;

/** What one pod is, and what is waited for before it is deleted. */
type Life = { container?: Partial<k8s.Container>; spec?: Partial<k8s.PodSpec>; until: (pod: k8s.Pod) => boolean };

const isRunning = ({ status }: k8s.Pod): boolean => status?.phase === "Running";
const isOver = ({ status }: k8s.Pod): boolean => status?.phase === "Succeeded";
const stateOf = ({ status }: k8s.Pod): k8s.ContainerStatus | undefined => status?.containerStatuses?.[0];
const waitsFor = (pod: k8s.Pod, reason: RegExp): boolean => reason.test(stateOf(pod)?.state?.waiting?.reason ?? "");
const memory = { volumes: [{ name: "m", emptyDir: { medium: "Memory" } }] };

const LIVES: readonly Life[] = [
  { until: isRunning },
  { until: () => true },
  { spec: { restartPolicy: "Never" }, container: { args: ["0.01"] }, until: isOver },
  { spec: memory, container: { volumeMounts: [{ name: "m", mountPath: "/m" }] }, until: isRunning },
  { container: { command: ["/no/such/program"] }, until: (pod) => waitsFor(pod, /RunContainerError|CrashLoopBackOff/) },
  { until: ({ spec }) => spec.nodeName !== undefined },
  { container: { image: "missing:1" }, until: (pod) => waitsFor(pod, /ErrImagePull|ImagePullBackOff/) },
  { spec: { initContainers: [{ name: "i", image: "sleeper:1", args: ["0.01"] }] }, until: isRunning },
];

/** Lets pods live and die on a cluster. */
class Soak {
  private readonly parts: PodParts;

  constructor(parts: PodParts) {
    this.parts = parts;
  }

  /** So many pods, some at a time, one life after the other. */
  async run(prefix: string, count: number, lives: readonly Life[] = LIVES): Promise<void> {
    let next = 0;
    const work = async (): Promise<void> => {
      for (let pod = next++; pod < count; pod = next++) {
        const life = lives[pod % lives.length] as Life;
        await this.create(`${prefix}-${pod}`, life);
        await this.seen(`${prefix}-${pod}`, (object) => object === undefined || life.until(object));
        await this.remove(`${prefix}-${pod}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }

  async create(name: string, { container, spec }: Life): Promise<void> {
    const containers = [{ name: "c", image: "sleeper:1", ...container }];
    await this.parts.client.create(Pod, { metadata: { name, namespace: NAMESPACE }, spec: { containers, ...spec } });
  }

  async remove(name: string): Promise<void> {
    const gone = this.seen(name, (pod) => pod === undefined);
    await this.parts.client.delete(Pod, { name, namespace: NAMESPACE }, { gracePeriodSeconds: 0 });
    await gone;
  }

  /** Resolves when the pod is as asked; undefined means that there is none. */
  seen(name: string, test: (pod: k8s.Pod | undefined) => boolean): Promise<void> {
    const pods = this.parts.cache.informer(Pod);
    return new Promise((resolve) => {
      let stop = (): void => undefined;
      const look = (): void => {
        if (!test(pods.get(name, NAMESPACE))) return;
        setImmediate(() => stop());
        resolve();
      };
      stop = pods.subscribe(({ object }) => object.metadata.name === name && look());
    });
  }
}

/** What there is when nothing happens any more. */
async function settled(now: () => Promise<Inventory>): Promise<Inventory> {
  let last = await now();
  return await eventually("nothing to happen any more", async () => {
    await sleep(QUIET_MS);
    const [before, inventory] = [last, await now()];
    last = inventory;
    const isIdle = inventory.files?.every((file) => !/\/pods\/|\/sandbox\/#/.test(file));
    return isIdle && JSON.stringify(before) === JSON.stringify(inventory) && inventory;
  });
}

/** Nothing is missing and nothing is left over. */
async function isAsBefore(before: Inventory, now: () => Promise<Inventory>): Promise<void> {
  let last: Inventory = {};
  await eventually("as much to be there as before", async () => {
    last = await now();
    return JSON.stringify(last) === JSON.stringify(before);
  }).catch(() => assert.deepEqual(last, before));
}

async function imagesIn(folder: string): Promise<ImageSource> {
  const images = await sleeperImage(join(folder, "layer"));
  return {
    describe: images.describe,
    unpack: async (reference) => {
      if (reference.startsWith("missing")) throw new ImageError("ErrImagePull", `${reference}: not found`);
      return await images.unpack(reference);
    },
  };
}

test(`${PRETENDED} pods that only pretend leave nothing`, async () => {
  const folder = await mkdtemp(join(tmpdir(), "slipway-soak-"));
  const runtime = new FakeRuntime();
  runtime.exitsWith = ({ args }) => (args.includes("0.01") ? 0 : undefined);
  runtime.failsWith = ({ args }) => (args.includes("/no/such/program") ? "no such program" : undefined);
  try {
    const network = createLoopbackNetwork({ start: process.pid });
    await using parts = await startPodParts({
      ...{ folder, runtime, network, backoff: BACKOFF, images: await imagesIn(folder) },
    });
    const soak = new Soak(parts);
    await soak.run("warm", LIVES.length * 2);
    const now = (): Promise<Inventory> => inventory({ folder });
    const before = await settled(now);
    await soak.run("pretended", PRETENDED);
    await isAsBefore(before, now);
    assert.deepEqual(
      runtime.containers.filter(({ removed }) => !removed),
      [],
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test(`${REAL} real pods leave nothing, whatever goes wrong on the way`, { skip: notReal }, async () => {
  const root = await mkdtemp(join(tmpdir(), "slipway-soak-"));
  const [folder, disk] = [join(root, "data"), join(root, "disk")];
  const directory = join(disk, "sandbox");
  const instance = digest(folder);
  const place = { folder: root, instance, cgroup: `/slipway/${digest(directory)}` };
  const now = (): Promise<Inventory> => inventory(place);
  await Promise.all([folder, disk].map((path) => mkdir(path)));
  await must("mount", ["-t", "tmpfs", "-o", `size=${DISK}`, "tmpfs", disk]);
  await mkdir(directory);
  {
    await using stack = new AsyncDisposableStack();
    stack.defer(() => rm(root, { recursive: true, force: true }));
    stack.defer(async () => void (await must("umount", ["-l", disk])));
    const tools = createToolLauncher();
    stack.defer(() => tools.close());
    const parts = stack.use(
      await startPodParts({
        ...{ folder, backoff: BACKOFF, images: await imagesIn(folder), memory: await detectMemoryVolumes() },
        runtime: createRunc({ directory, tools }),
        network: createRoutedNetwork({ host: machineHost(tools), instance, serviceRange: "10.96.0.0/16" }),
      }),
    );
    const soak = new Soak(parts);
    await soak.run("warm", LIVES.length * 2);
    const before = await settled(now);
    await soak.run("first", Math.ceil(REAL / 2));
    await withoutSupervisor(soak, directory);
    await withFullDisk(soak, disk);
    await soak.run("second", Math.floor(REAL / 2));
    await isAsBefore(before, now);
  }
  const { mounts, namespaces, cgroups } = await now();
  assert.deepEqual({ mounts, namespaces, cgroups }, { mounts: [], namespaces: [], cgroups: [] }, "when all is over");
});

/** What holds the containers is killed while they run: they are started again. */
async function withoutSupervisor(soak: Soak, directory: string): Promise<void> {
  const names = Array.from({ length: AT_ONCE }, (_, pod) => `orphan-${pod}`);
  const life = { until: isRunning };
  await Promise.all(names.map((name) => soak.create(name, life)));
  await Promise.all(names.map((name) => soak.seen(name, (pod) => pod !== undefined && isRunning(pod))));
  const killed = await supervisorsOf(directory);
  assert.equal(killed.length, 1);
  for (const pid of killed) process.kill(pid, "SIGKILL");
  const isBack = (pod: k8s.Pod | undefined): boolean =>
    pod !== undefined && (stateOf(pod)?.restartCount ?? 0) > 0 && stateOf(pod)?.state?.running !== undefined;
  await Promise.all(names.map((name) => soak.seen(name, isBack)));
  await Promise.all(names.map((name) => soak.remove(name)));
}

/** There is no room for containers: they start when there is. */
async function withFullDisk(soak: Soak, disk: string): Promise<void> {
  const filler = join(disk, "filler");
  // What the pods before still give back would be room.
  await eventually("no container to be left", async () => (await containersIn(join(disk, "sandbox"))).length === 0);
  await writeFile(filler, Buffer.alloc(DISK)).catch(() => undefined);
  const names = Array.from({ length: FULL_DISK_PODS }, (_, pod) => `tight-${pod}`);
  await Promise.all(names.map((name) => soak.create(name, { until: isRunning })));
  await Promise.all(names.map((name) => soak.seen(name, (pod) => pod !== undefined && waitsFor(pod, /Error|BackOff/))));
  const [first = "", ...others] = names;
  await soak.remove(first);
  await rm(filler);
  await Promise.all(others.map((name) => soak.seen(name, (pod) => pod !== undefined && isRunning(pod))));
  await Promise.all(others.map((name) => soak.remove(name)));
}

async function containersIn(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter((name) => !name.startsWith("."));
}

async function supervisorsOf(directory: string): Promise<number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const commands = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  return pids.filter((_, index) => commands[index]?.includes(`${directory}/.supervisor`));
}

/** Eight hexadecimal digits, as networks and cgroups are marked with. */
function digest(path: string): string {
  return createHash("sha256").update(path).digest("hex").slice(0, 8);
}
