/** Hosts that are away and a disk that is full: what needs them says so and mends itself, and the rest goes on. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { ConfigBundle } from "#api/slipway.dev/config-bundle.ts";
import { ConfigCommit } from "#api/slipway.dev/config-commit.ts";
import { ObjectCache } from "#engine/controller/cache.ts";
import { type QueueClock, systemQueueClock } from "#engine/controller/queue.ts";
import { type Running, runControllers } from "#engine/controller/run.ts";
import { type Condition, type Conditioned, findCondition } from "#kit/conditions.ts";
import { deliveryControllers } from "#platform/delivery/index.ts";
import { BlobStore } from "#ports/blobs/blob-store.ts";
import { NameIndex } from "#ports/blobs/name-index.ts";
import { createGitPort, type GitPort } from "#ports/git/git.ts";
import { createGitHost } from "#ports/git/host.ts";
import { KubeClient } from "#ports/kube/client.ts";
import { createRegistryHandler } from "#ports/oci/registry/handler.ts";
import { Registry } from "#ports/oci/registry/registry.ts";
import { applyDefinitions } from "#profiles/defaults.ts";
import { type Cluster, startCluster } from "../compat/cluster.ts";
import { has } from "../harness/tools.ts";
import { eventually } from "../harness/wait.ts";

const OWN = "http://own.example/git/";
const namespace = "default";
/** Rechecks come a hundred times as early. */
const IMPATIENT: QueueClock = {
  now: systemQueueClock.now,
  schedule: (callback, milliseconds) => systemQueueClock.schedule(callback, milliseconds / 100),
};

describe("gradual degradation", has("git") ? {} : { skip: "git is not installed" }, () => {
  let folder: string;
  let cluster: Cluster;
  let client: KubeClient;
  let cache: ObjectCache;
  let git: GitPort;
  let index: NameIndex;
  let running: Running;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "slipway-degradation-"));
    cluster = await startCluster();
    client = new KubeClient(cluster.inProcess);
    await applyDefinitions(client);
    cache = new ObjectCache(client);
    git = createGitPort({ cacheDirectory: join(folder, "mirrors") });
    await mkdir(join(folder, "own"));
    index = await NameIndex.open(join(folder, "names.log"));
    const registry = new Registry(await BlobStore.open(join(folder, "blobs")), index);
    const embedded = (url: string) => (url.startsWith(OWN) ? join(folder, "own", url.slice(OWN.length)) : undefined);
    const local = { registry, localHosts: [], announce: () => undefined };
    const dependencies = { git, embedded, isShared: () => false, ...local };
    running = runControllers(cache, deliveryControllers(dependencies), { queueClock: IMPATIENT });
  });
  after(async () => {
    await running.close();
    cache.close();
    git.close();
    await index.close();
    await cluster[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const commit = (name: string, url: string) =>
    client.create(ConfigCommit, {
      metadata: { name, namespace },
      spec: { repository: { url }, path: name, files: { "delivery.yml": `name: ${name}\n` } },
    });
  const becomes = (kind: typeof ConfigCommit | typeof ConfigBundle, name: string, status: string) =>
    eventually(`${kind.kind} ${name} to be Ready=${status}`, async (): Promise<Condition | undefined> => {
      const object = (await client.get(kind as typeof ConfigCommit, name, namespace)) as Conditioned | undefined;
      const ready = findCondition(object, "Ready");
      return ready?.status === status ? ready : undefined;
    });
  const ownRepository = (name: string): string => {
    const path = join(folder, "own", name);
    execFileSync("git", ["init", "--bare", "--quiet", "--initial-branch=main", path]);
    return `${OWN}${name}`;
  };

  test("a Git host that is away", async () => {
    const port = await freePort();
    await commit("away", `http://127.0.0.1:${port}/git/config.git`);
    const { reason, message } = await becomes(ConfigCommit, "away", "False");
    assert.equal(reason, "GitOperationFailed");
    assert.match(message ?? "", new RegExp(`127.0.0.1:${port}.*(connect|access)`, "i"));
    await commit("here", ownRepository("here"));
    await becomes(ConfigCommit, "here", "True");
    const host = await createGitHost({ directory: join(folder, "back"), authorize: async () => true });
    await host.create("config");
    const server = await listen((request, response) => void host.handle(request, response), port);
    await becomes(ConfigCommit, "away", "True");
    await close(server);
  });

  test("a registry that is away", async () => {
    const port = await freePort();
    const image = `127.0.0.1:${port}/team/app:one`;
    await client.create(ConfigBundle, { metadata: { name: "away", namespace }, spec: { image, files: { a: "b" } } });
    const { reason, message } = await becomes(ConfigBundle, "away", "False");
    assert.equal(reason, "PushFailed");
    assert.match(message ?? "", new RegExp(`127.0.0.1:${port}`));
    await commit("meanwhile", ownRepository("meanwhile"));
    await becomes(ConfigCommit, "meanwhile", "True");
    const names = await NameIndex.open(join(folder, "back.log"));
    const registry = new Registry(await BlobStore.open(join(folder, "back-blobs")), names);
    const handle = createRegistryHandler({ registry, authorize: async () => true });
    const server = await listen((request, response) => void handle(request, response), port);
    await becomes(ConfigBundle, "away", "True");
    await close(server);
    await names.close();
  });

  const withoutMount = canMount() ? false : "a small file system cannot be mounted here";
  test("a disk that is full", { skip: withoutMount }, async () => {
    const disk = join(folder, "own", "small");
    await mkdir(disk);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk]);
    try {
      const url = ownRepository("small/config");
      const ballast = join(disk, "ballast");
      await writeFile(ballast, Buffer.alloc(2 ** 20)).catch(() => undefined);
      await commit("cramped", url);
      const { reason, message } = await becomes(ConfigCommit, "cramped", "False");
      assert.equal(reason, "GitOperationFailed");
      assert.match(message ?? "", /no space left|out of diskspace/i);
      await commit("roomy", ownRepository("roomy"));
      await becomes(ConfigCommit, "roomy", "True");
      await rm(ballast);
      await becomes(ConfigCommit, "cramped", "True");
    } finally {
      git.close();
      execFileSync("umount", ["--lazy", disk]);
    }
  });
});

type Handler = Parameters<typeof createServer>[1];

async function listen(handler: NonNullable<Handler>, port = 0): Promise<Server> {
  const server = createServer(handler as never);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return server;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

/** A port on which nobody listens now. */
async function freePort(): Promise<number> {
  const server = await listen(() => undefined);
  const { port } = server.address() as AddressInfo;
  await close(server);
  return port;
}

function canMount(): boolean {
  if (process.getuid?.() !== 0 || !has("mount")) return false;
  const folder = execFileSync("mktemp", ["-d"]).toString().trim();
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], { stdio: "ignore" });
    execFileSync("umount", [folder]);
    return true;
  } catch {
    return false;
  } finally {
    execFileSync("rmdir", [folder]);
  }
}
