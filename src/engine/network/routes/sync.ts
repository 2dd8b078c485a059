/** Keeps what is routed in step with the Services: whatever changes while a step is under way is the next step. */
import { setTimeout as sleep } from "node:timers/promises";
import type { ServiceRoute, ServiceRouter } from "#ports/sandbox/network/services.ts";
import type { ServiceIndex } from "../service-index.ts";
import { planRoutes } from "./plan.ts";

/** Between two steps, so that many changes make few steps. */
const PAUSE_MS = 20;
const RETRY_MS = 1_000;

export type RouteSyncOptions = {
  index: ServiceIndex;
  router: ServiceRouter;
  onError: (error: unknown) => void;
};

export class RouteSync {
  private readonly options: RouteSyncOptions;
  private readonly dirty = new Set<string>();
  private readonly stop = new AbortController();
  private readonly unsubscribe: () => void;
  private running: Promise<void> | undefined;

  /** Starts to follow the index. */
  constructor(options: RouteSyncOptions) {
    this.options = options;
    this.unsubscribe = options.index.subscribe((key) => {
      this.dirty.add(key);
      this.running ??= this.run();
    });
  }

  /** Resolves when everything that has changed until now is routed. */
  async settled(): Promise<void> {
    while (this.running) await this.running;
  }

  /** Resolves when nothing is under way any more. What is routed stays. */
  async close(): Promise<void> {
    this.unsubscribe();
    this.stop.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    while (this.dirty.size > 0 && !this.stop.signal.aborted) {
      const pause = await this.step();
      await sleep(pause, undefined, { signal: this.stop.signal }).catch(() => undefined);
    }
    this.running = undefined;
  }

  private async step(): Promise<number> {
    const keys = [...this.dirty];
    this.dirty.clear();
    try {
      await this.options.router.update(new Map(keys.flatMap((key) => this.plan(key))));
      return PAUSE_MS;
    } catch (error) {
      for (const key of keys) this.dirty.add(key);
      this.options.onError(error);
      return RETRY_MS;
    }
  }

  /** A Service that cannot be understood stays as it is, and stands in nobody's way. */
  private plan(key: string): [string, readonly ServiceRoute[]][] {
    const [namespace = "", name = ""] = key.split("/");
    const entry = this.options.index.get(namespace, name);
    try {
      return [[key, entry ? planRoutes(entry) : []]];
    } catch (cause) {
      this.options.onError(new Error(`Service ${key} cannot be routed: ${String(cause)}`, { cause }));
      return [];
    }
  }
}
