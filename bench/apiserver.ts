/** apiserver: throughput, latency, CPU and memory of the API server with its store on disk, over HTTPS. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Answer, APPLY, Client, MERGE } from "./apiserver/client.ts";
import { type ServerProcess, startServer } from "./apiserver/process.ts";
import { DEFINITIONS, definition, widget, widgetsIn } from "./apiserver/widgets.ts";
import type { Metrics } from "./main.ts";
import { quantile } from "./statistics.ts";

const PHASE_MS = 2_000;
const LISTED = 10_000;
const DELETED = 15_000;
const WATCHERS = 20;
const WATCHED_WRITES = 600;
const WRITE_EVERY_MS = 10;
const REPEATS = 7;
const IN_PROCESS_CALLS = 2_000;

const WRITES = widgetsIn("writes");
const LISTS = widgetsIn("lists");
const TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
const WATCH_LIST = "watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan";

export async function run(): Promise<Metrics> {
  const folder = await mkdtemp(join(tmpdir(), "slipway-bench-"));
  try {
    const first = await measure(folder);
    await using again = await startServer(folder);
    return { ...first, warm_start_ms: rounded(again.readyMs) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(folder: string): Promise<Metrics> {
  await using server = await startServer(folder);
  const client = new Client(server.kubeconfig);
  const load = new Load(server, client);
  load.metrics.cold_start_ms = rounded(server.readyMs);
  load.metrics.rss_idle_mb = rounded(server.rssMb());
  await load.prepare();
  await load.create();
  await load.change();
  await load.watchLatency();
  await load.lists();
  load.metrics.rss_full_mb = rounded(server.rssMb());
  await load.deleteCollection();
  await load.inProcess();
  load.metrics.rss_end_mb = rounded(server.rssMb());
  client.close();
  return load.metrics;
}

type Drive = { inFlight: number; count?: number; forMs?: number };

class Load {
  readonly metrics: Metrics = {};
  private readonly server: ServerProcess;
  private readonly client: Client;
  private readonly names: string[] = [];

  constructor(server: ServerProcess, client: Client) {
    this.server = server;
    this.client = client;
  }

  /** Installs the kind; how long until its first object is stored. */
  async prepare(): Promise<void> {
    for (const name of ["writes", "lists"])
      await this.must("/api/v1/namespaces", { method: "POST", body: { metadata: { name } } });
    const began = performance.now();
    await this.must(DEFINITIONS, { method: "POST", body: definition });
    await this.must(WRITES, { method: "POST", body: widget("first") });
    this.metrics.definition_to_first_object_ms = rounded(performance.now() - began);
  }

  async create(): Promise<void> {
    for (const inFlight of [1, 16, 64])
      await this.drive(`create_${inFlight}`, { inFlight, count: inFlight === 64 ? 10_000 : 3_000 }, () => {
        const name = `w-${this.names.length}`;
        this.names.push(name);
        return this.client.call(WRITES, { method: "POST", body: widget(name) });
      });
  }

  async change(): Promise<void> {
    const at = (index: number): string => `${WRITES}/${this.names[index % this.names.length]}`;
    const annotate = (index: number) => ({ metadata: { annotations: { k: `m${index}` } } });
    const merge = (path: string, body: object) => this.client.call(path, { method: "PATCH", body, type: MERGE });
    const apply = (index: number, spec: object) =>
      this.client.call(`${WRITES}/a-${index}?fieldManager=load`, {
        method: "PATCH",
        body: widget(`a-${index}`, spec),
        type: APPLY,
      });
    for (const inFlight of [1, 16]) await this.drive(`get_${inFlight}`, { inFlight }, (i) => this.client.call(at(i)));
    for (const inFlight of [1, 16, 64])
      await this.drive(`merge_patch_${inFlight}`, { inFlight }, (i) => merge(at(i), annotate(i)));
    await this.drive("one_object_16", { inFlight: 16 }, (i) => merge(at(0), annotate(i)));
    await this.drive("apply_create_16", { inFlight: 16, count: 3_000 }, (i) => apply(i, {}));
    for (const inFlight of [1, 16, 64])
      await this.drive(`apply_change_${inFlight}`, { inFlight }, (i) =>
        apply(i % 3_000, { image: `registry.local/team/app:${inFlight}.${i}` }),
      );
    await this.drive("apply_same_16", { inFlight: 16 }, () => apply(0, { image: "registry.local/team/app:same" }));
  }

  /** From the moment a write is sent to the moment its event is here, at a steady rate of writes. */
  async watchLatency(): Promise<void> {
    for (const watchers of [1, WATCHERS]) {
      const sent = new Map<string, number>();
      const latencies: number[] = [];
      const path = `${WRITES}?watch=1&resourceVersion=${await this.revision()}&allowWatchBookmarks=true`;
      const onLine = (line: string, now: number): void => {
        const began = sent.get(/"probe":"(\d+)"/.exec(line)?.[1] ?? "");
        if (began !== undefined) latencies.push(now - began);
      };
      const ends = await Promise.all(Array.from({ length: watchers }, () => this.client.watch(path, onLine)));
      const cpu = this.server.cpuMs();
      const writes: Promise<Answer>[] = [];
      for (let index = 0; index < WATCHED_WRITES; index++) {
        const probe = String(watchers * 1_000_000 + index);
        sent.set(probe, performance.now());
        const body = { metadata: { annotations: { probe } } };
        writes.push(
          this.client.call(`${WRITES}/${this.names[index % this.names.length]}`, {
            method: "PATCH",
            body,
            type: MERGE,
          }),
        );
        await sleep(WRITE_EVERY_MS);
      }
      await Promise.all(writes);
      await sleep(100);
      for (const end of ends) end();
      const expected = WATCHED_WRITES * watchers;
      if (latencies.length !== expected) throw new Error(`${latencies.length} of ${expected} events came`);
      this.times(`watch_${watchers}`, latencies);
      this.metrics[`watch_${watchers}_cpu_ms_per_event`] = rounded((this.server.cpuMs() - cpu) / expected, 3);
    }
  }

  async lists(): Promise<void> {
    await this.drive("fill_32", { inFlight: 32, count: LISTED, forMs: Number.POSITIVE_INFINITY }, (i) =>
      this.client.call(LISTS, { method: "POST", body: widget(`f-${i}`) }),
    );
    await this.repeat("list_10000", LISTS);
    await this.repeat("list_page_500", `${LISTS}?limit=500`);
    await this.repeat("list_one_percent", `${LISTS}?labelSelector=shard%3D7`);
    await this.repeat("table_page_500", `${LISTS}?limit=500`, TABLE);
    const began = performance.now();
    let items = 0;
    await new Promise<void>((resolve, reject) => {
      const onLine = (line: string): void => {
        if (!line.includes('"BOOKMARK"')) items++;
        else resolve();
      };
      this.client.watch(`${LISTS}?${WATCH_LIST}`, onLine).catch(reject);
    });
    if (items !== LISTED) throw new Error(`the watch list gave ${items} of ${LISTED} objects`);
    this.metrics.watch_list_10000_ms = rounded(performance.now() - began);
  }

  async deleteCollection(): Promise<void> {
    await this.drive("refill_32", { inFlight: 32, count: DELETED - LISTED, forMs: Number.POSITIVE_INFINITY }, (i) =>
      this.client.call(LISTS, { method: "POST", body: widget(`g-${i}`) }),
    );
    const began = performance.now();
    await this.must(LISTS, { method: "DELETE" });
    this.metrics.delete_collection_15000_ms = rounded(performance.now() - began);
  }

  /** How much dearer a call over HTTPS is than one inside the process, in CPU time of the server. */
  async inProcess(): Promise<void> {
    const { getMs, patchMs } = await this.server.ask<{ getMs: number; patchMs: number }>(
      `in-process ${IN_PROCESS_CALLS}`,
    );
    this.metrics.in_process_get_cpu_ms = rounded(getMs, 4);
    this.metrics.in_process_patch_cpu_ms = rounded(patchMs, 4);
    this.metrics.https_to_in_process_get = rounded((this.metrics.get_16_cpu_ms ?? 0) / getMs);
    this.metrics.https_to_in_process_patch = rounded((this.metrics.one_object_16_cpu_ms ?? 0) / patchMs);
  }

  private async drive(
    name: string,
    { inFlight, count = Number.POSITIVE_INFINITY, forMs = PHASE_MS }: Drive,
    work: (index: number) => Promise<Answer>,
  ): Promise<void> {
    this.client.connections(inFlight);
    const latencies: number[] = [];
    const cpu = this.server.cpuMs();
    const began = performance.now();
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < count && performance.now() - began < forMs) {
        const index = next++;
        const sent = performance.now();
        const { status, body } = await work(index);
        if (status >= 300) throw new Error(`${name}: ${status} ${body.toString().slice(0, 300)}`);
        latencies.push(performance.now() - sent);
      }
    };
    await Promise.all(Array.from({ length: inFlight }, worker));
    const perSecond = (latencies.length / (performance.now() - began)) * 1000;
    this.metrics[`${name}_per_s`] = Math.round(perSecond);
    this.times(name, latencies);
    this.metrics[`${name}_cpu_ms`] = rounded((this.server.cpuMs() - cpu) / latencies.length, 3);
  }

  private async repeat(name: string, path: string, accept?: string): Promise<void> {
    const latencies: number[] = [];
    const cpu = this.server.cpuMs();
    for (let index = 0; index < REPEATS; index++) {
      const began = performance.now();
      await this.must(path, accept ? { accept } : {});
      latencies.push(performance.now() - began);
    }
    this.metrics[`${name}_p50_ms`] = rounded(quantile(latencies, 0.5));
    this.metrics[`${name}_cpu_ms`] = rounded((this.server.cpuMs() - cpu) / REPEATS);
  }

  private times(name: string, latencies: readonly number[]): void {
    this.metrics[`${name}_p50_ms`] = rounded(quantile(latencies, 0.5));
    this.metrics[`${name}_p99_ms`] = rounded(quantile(latencies, 0.99));
  }

  private async revision(): Promise<string> {
    const { body } = await this.must(`${WRITES}?limit=1`);
    return (JSON.parse(body.toString()) as { metadata: { resourceVersion: string } }).metadata.resourceVersion;
  }

  private async must(...call: Parameters<Client["call"]>): Promise<Answer> {
    const answer = await this.client.call(...call);
    if (answer.status >= 300) throw new Error(`${call[0]}: ${answer.status} ${answer.body.toString().slice(0, 300)}`);
    return answer;
  }
}

function rounded(value: number, digits = 2): number {
  return Number(value.toFixed(digits));
}
