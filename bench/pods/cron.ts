/** How late a CronJob starts its Job, with a thousand schedules. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CronJob, Job } from "#api/builtin/index.ts";
import { startApiServer } from "#engine/apiserver/start.ts";
import { ObjectCache } from "#engine/controller/cache.ts";
import type { Controller } from "#engine/controller/controller.ts";
import { runControllers } from "#engine/controller/run.ts";
import { wallClock } from "#platform/core/cronjob/agenda.ts";
import { cronJobController } from "#platform/core/cronjob/controller.ts";
import { jobController } from "#platform/core/job/controller.ts";
import { KubeClient } from "#ports/kube/client.ts";
import { sqliteStore } from "#ports/store/sqlite.ts";
import type { Metrics } from "../main.ts";
import { quantile, summary } from "../statistics.ts";

const SCHEDULES = 1_000;
const SPREAD_SECONDS = 15;
const AHEAD_MS = 5_000;
const MINUTE_MS = 60_000;
const TIME = "batch.kubernetes.io/cronjob-scheduled-timestamp";
const NAMESPACE = "default";

/** Schedules that are due all over a quarter of a minute, as they mostly are; and all of them at one instant. */
export async function cronJitter(): Promise<Metrics> {
  const spread = await lateness(0, `@every ${SPREAD_SECONDS}s`, (SPREAD_SECONDS * 1000) / SCHEDULES);
  // The next minute begins soon.
  const ahead = MINUTE_MS - AHEAD_MS - (Date.now() % MINUTE_MS);
  const together = await lateness(ahead, "* * * * *", 0);
  return {
    ...summary("cron_late", spread),
    cron_late_max_ms: Math.round(quantile(spread, 1)),
    ...summary(`cron_${SCHEDULES}_at_one_instant_late`, together),
    [`cron_${SCHEDULES}_at_one_instant_late_max_ms`]: Math.round(quantile(together, 1)),
  };
}

/** By how many milliseconds each of the first Jobs is late, on a clock that is `offset` milliseconds ahead. */
async function lateness(offset: number, schedule: string, gapMs: number): Promise<number[]> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "slipway-cron-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const now = (): number => Date.now() + offset;
  const clock = (): Date => new Date(now());
  const store = sqliteStore(join(folder, "store.db"));
  const server = await startApiServer({ store, dataDir: folder, port: 0, clock });
  stack.defer(() => server.close());
  const client = new KubeClient(server.transport());
  const cache = new ObjectCache(client);
  stack.defer(() => cache.close());
  const first = firstJobs(cache, now);
  const controllers = [cronJobController({ ...wallClock, now }), jobController()];
  const running = runControllers(cache, controllers as unknown as Controller<never>[], { clock });
  stack.defer(() => running.close());
  const began = performance.now();
  for (let index = 0; index < SCHEDULES; index++) {
    while (performance.now() < began + index * gapMs) await new Promise((resolve) => setTimeout(resolve, 1));
    await client.create(CronJob, cronJob(`cron-${index}`, schedule));
  }
  return await first;
}

/** How late the first Job of each schedule came. */
function firstJobs(cache: ObjectCache, now: () => number): Promise<number[]> {
  const late = new Map<string, number>();
  return new Promise((resolve) => {
    cache.informer(Job).subscribe(({ type, object: { metadata } }) => {
      const owner = metadata.ownerReferences?.[0]?.name ?? "";
      if (type !== "ADDED" || late.has(owner)) return;
      late.set(owner, now() - Date.parse(metadata.annotations?.[TIME] ?? ""));
      if (late.size === SCHEDULES) resolve([...late.values()]);
    });
  });
}

function cronJob(name: string, schedule: string) {
  const spec = { restartPolicy: "Never", containers: [{ name: "c", image: "job:1" }] };
  const jobTemplate = { spec: { template: { spec } } };
  return { metadata: { name, namespace: NAMESPACE }, spec: { schedule, jobTemplate } };
}
