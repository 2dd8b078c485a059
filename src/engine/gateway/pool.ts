/** The endpoints of one revision, the requests that wait for one, and how busy they are. */
import type { Endpoint, RevisionRoute } from "./table.ts";

export type Slot = {
  readonly key: string;
  readonly host: string;
  readonly port: number;
  inFlight: number;
  downUntil: number;
};

export type Waiter = {
  /** Called at once or later with a place at an endpoint; it must be released. */
  granted: (slot: Slot) => void;
};

export type PoolOptions = {
  revision: string;
  now: () => number;
  /** Called when requests wait and there is no endpoint for them. */
  onDemand: (revision: string) => void;
};

/** Requests that may wait for one revision. */
const QUEUE_LIMIT = 10_000;
/** How long an endpoint that refused a connection is left alone. */
const DOWN_MS = 100;
/** After this long a deactivated endpoint that is still in the table serves again: it is evidently not going away. */
const FORGIVE_MS = 1_000;

export const NO_REVISION: RevisionRoute = { endpoints: [], timeoutSeconds: 300, containerConcurrency: 0 };

export class Pool {
  readonly revision: string;
  route: RevisionRoute = NO_REVISION;
  private readonly options: PoolOptions;
  private readonly slots = new Map<string, Slot>();
  private readonly excluded = new Set<string>();
  private readonly waiters = new Set<Waiter>();
  private timer: NodeJS.Timeout | undefined;
  private active = 0;
  private arrived = 0;
  private busy = 0;
  private since: number;
  private reportedAt: number;
  private turn = 0;

  constructor(options: PoolOptions) {
    this.options = options;
    this.revision = options.revision;
    this.since = options.now();
    this.reportedAt = this.since;
  }

  /** Takes in the newest endpoints; waiting requests go to new ones at once. */
  update(route: RevisionRoute): void {
    this.route = route;
    const wanted = new Map(route.endpoints.map((endpoint) => [keyOf(endpoint), endpoint]));
    for (const key of this.slots.keys()) if (!wanted.has(key)) this.slots.delete(key);
    for (const key of this.excluded) if (!wanted.has(key)) this.excluded.delete(key);
    for (const [key, { host, port }] of wanted)
      if (!this.slots.has(key)) this.slots.set(key, { key, host, port, inFlight: 0, downUntil: 0 });
    this.dispatch();
  }

  /** A request has come; {@link end} must follow. */
  begin(): void {
    this.measure();
    this.active++;
    this.arrived++;
  }

  end(): void {
    this.measure();
    this.active--;
  }

  /** Asks for a place at an endpoint. False when too many wait already. */
  acquire(waiter: Waiter): boolean {
    const slot = this.waiters.size === 0 ? this.choose() : undefined;
    if (slot) {
      this.grant(slot, waiter);
      return true;
    }
    if (this.waiters.size >= QUEUE_LIMIT) return false;
    this.waiters.add(waiter);
    if (this.waiters.size === 1) this.demandIfNone();
    this.wakeLater();
    return true;
  }

  /** The request waits no more. */
  cancel(waiter: Waiter): void {
    this.waiters.delete(waiter);
  }

  release(slot: Slot): void {
    slot.inFlight--;
    this.dispatch();
  }

  /** The endpoint refused a connection: others are tried first, and it again in a moment. */
  markDown(slot: Slot): void {
    slot.downUntil = this.options.now() + DOWN_MS;
  }

  /** Stops using the endpoints of now; false, and nothing changes, when requests are on their way. */
  deactivate(): boolean {
    if (this.active > 0) return false;
    for (const key of this.slots.keys()) this.excluded.add(key);
    return true;
  }

  /** Takes deactivated endpoints back. */
  activate(): void {
    this.excluded.clear();
    this.dispatch();
  }

  get isActive(): boolean {
    return this.active > 0 || this.arrived > 0;
  }

  /** Average requests in flight and new requests since the last report. */
  report(): { revision: string; concurrency: number; requests: number } {
    this.measure();
    const elapsed = Math.max(this.since - this.reportedAt, 1);
    const stats = { revision: this.revision, concurrency: this.busy / elapsed, requests: this.arrived };
    this.busy = 0;
    this.arrived = 0;
    this.reportedAt = this.since;
    if (this.waiters.size > 0) this.demandIfNone();
    return stats;
  }

  close(): void {
    clearTimeout(this.timer);
  }

  private demandIfNone(): void {
    if (this.slots.size <= this.excluded.size) this.options.onDemand(this.revision);
  }

  private dispatch(): void {
    for (const waiter of this.waiters) {
      const slot = this.choose();
      if (!slot) break;
      this.waiters.delete(waiter);
      this.grant(slot, waiter);
    }
    this.wakeLater();
  }

  private grant(slot: Slot, waiter: Waiter): void {
    slot.inFlight++;
    waiter.granted(slot);
  }

  /** The usable endpoint with the fewest requests; equals take turns. */
  private choose(): Slot | undefined {
    const now = this.options.now();
    const { containerConcurrency: bound } = this.route;
    const usable = [...this.slots.values()].filter(
      (slot) => slot.downUntil <= now && !this.excluded.has(slot.key) && (bound === 0 || slot.inFlight < bound),
    );
    const least = Math.min(...usable.map(({ inFlight }) => inFlight));
    const best = usable.filter(({ inFlight }) => inFlight === least);
    return best[this.turn++ % best.length];
  }

  /** Tries again when an endpoint comes back by itself. */
  private wakeLater(): void {
    const now = this.options.now();
    const down = [...this.slots.values()].map(({ downUntil }) => downUntil - now).filter((left) => left > 0);
    const forgive = this.excluded.size > 0 ? [FORGIVE_MS] : [];
    if (this.timer || this.waiters.size === 0 || down.length + forgive.length === 0) return;
    this.timer = setTimeout(
      () => {
        this.timer = undefined;
        if (down.length === 0) this.excluded.clear();
        this.dispatch();
      },
      Math.min(...down, ...forgive) + 1,
    );
  }

  private measure(): void {
    const now = this.options.now();
    if (this.active === 0 && this.busy === 0 && this.arrived === 0) this.reportedAt = now;
    this.busy += this.active * (now - this.since);
    this.since = now;
  }
}

function keyOf({ host, port }: Endpoint): string {
  return `${host}:${port}`;
}
