/** What a platform that was killed has left on this machine: containers that go on, and their network. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { SERVICE_RANGE } from "#engine/apiserver/strategies/addresses.ts";
import { detectRuntime } from "#ports/sandbox/detect.ts";
import { detectMemoryVolumes } from "#ports/sandbox/memory-volumes.ts";
import { detectNetwork } from "#ports/sandbox/network/detect.ts";
import type { SandboxRuntime } from "#ports/sandbox/runtime.ts";
import { sqliteStore } from "#ports/store/sqlite.ts";
import { instanceOf } from "./data.ts";

/** How long containers get to end by themselves. */
const GRACE_MS = 2_000;

/**
 * Ends and removes it; returns how many containers have run. Throws when a platform uses the data directory, be it that it
 * is only just starting.
 */
export async function removeLeftovers(dataDir: string): Promise<number> {
  const store = join(dataDir, "store.db");
  if (!existsSync(store)) return 0;
  const held = sqliteStore(store);
  try {
    return await removeAll(dataDir);
  } finally {
    await held.close();
  }
}

/** What cannot be removed of it does not keep the rest from being removed. */
async function removeAll(dataDir: string): Promise<number> {
  await using left = new AsyncDisposableStack();
  left.defer(async () => await (await detectMemoryVolumes())?.unmountBelow(join(dataDir, "node")));
  left.defer(async () => {
    const { network } = await detectNetwork({ instance: instanceOf(dataDir), serviceRange: SERVICE_RANGE });
    await network.close();
  });
  const { runtime } = await detectRuntime({ directory: join(dataDir, "sandbox") });
  return runtime ? await endContainers(runtime) : 0;
}

async function endContainers(runtime: SandboxRuntime): Promise<number> {
  const containers = (await runtime.recover()).map(({ container }) => container);
  for (const container of containers) container.kill("SIGTERM");
  const ended = Promise.all(containers.map(({ exited }) => exited));
  const patience = new AbortController();
  await Promise.race([ended, sleep(GRACE_MS, undefined, { signal: patience.signal }).catch(() => undefined)]);
  patience.abort();
  await runtime.close();
  return containers.length;
}
