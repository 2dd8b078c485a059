/** Keeps the gateway's table in step with the API, and says in each KIngress when the gateway uses it. */
import { Pod } from "#api/builtin/index.ts";
import { Ingress } from "#api/networking.internal.knative.dev/ingress.ts";
import { Revision } from "#api/serving.knative.dev/revision.ts";
import type { ObjectCache } from "#engine/controller/cache.ts";
import { type Condition, isTrue, stampTransitions } from "#kit/conditions.ts";
import { deepEqual } from "#kit/json.ts";
import { hasReason } from "#kit/status.ts";
import type { Gateway } from "./gateway.ts";
import { planTable, REVISION_LABEL } from "./plan-table.ts";
import { EMPTY_TABLE, type RouteTable } from "./table.ts";

export type RouteSyncOptions = {
  cache: ObjectCache;
  gateway: Pick<Gateway, "update">;
  clock: () => Date;
  /** Address at which clients reach the gateway; default 127.0.0.1. */
  address?: string;
  /** The name by which pods reach the gateway. */
  internalName?: string;
  onError?: (error: unknown) => void;
};

export interface RouteSync {
  close(): void;
}

/** Starts to follow KIngresses, Revisions and their pods. Resolves when the gateway has its first table. */
export async function startRouteSync(options: RouteSyncOptions): Promise<RouteSync> {
  const sync = new Sync(options);
  await sync.start();
  return sync;
}

class Sync implements RouteSync {
  private readonly options: RouteSyncOptions;
  private readonly subscriptions: (() => void)[] = [];
  private table: RouteTable = EMPTY_TABLE;
  private scheduled = false;
  private running: Promise<void> | undefined;
  private closed = false;

  constructor(options: RouteSyncOptions) {
    this.options = options;
  }

  async start(): Promise<void> {
    const { cache } = this.options;
    const [ingresses, revisions, pods] = [cache.informer(Ingress), cache.informer(Revision), cache.informer(Pod)];
    await Promise.all([ingresses.ready(), revisions.ready(), pods.ready()]);
    await this.push();
    const wake = (): void => this.wake();
    this.subscriptions.push(
      ingresses.subscribe(wake),
      revisions.subscribe(wake),
      pods.subscribe(({ object }) => {
        if (object.metadata.labels?.[REVISION_LABEL]) wake();
      }),
    );
  }

  close(): void {
    this.closed = true;
    for (const unsubscribe of this.subscriptions) unsubscribe();
  }

  /** Pushes once for all the changes of one turn; changes during a push follow in the next. */
  private wake(): void {
    if (this.scheduled || this.closed) return;
    this.scheduled = true;
    setImmediate(() => {
      this.running = (this.running ?? Promise.resolve()).then(async () => {
        this.scheduled = false;
        if (!this.closed) await this.push().catch((error: unknown) => this.options.onError?.(error));
      });
    });
  }

  private async push(): Promise<void> {
    const { cache, gateway } = this.options;
    const ingresses = cache.informer(Ingress).list();
    const pods = cache.informer(Pod).list();
    const table = planTable({
      ingresses,
      revisions: cache.informer(Revision).list(),
      pods: pods.filter(({ metadata }) => metadata.labels?.[REVISION_LABEL]),
    });
    if (!deepEqual(table, this.table)) {
      await gateway.update(table);
      this.table = table;
    }
    await Promise.all(ingresses.map((ingress) => this.confirm(ingress)));
  }

  /** The gateway routes by this generation of the KIngress. */
  private async confirm(ingress: Ingress): Promise<void> {
    const { name, namespace, generation = 1 } = ingress.metadata;
    if (ingress.metadata.deletionTimestamp) return;
    if (ingress.status?.observedGeneration === generation && isTrue(ingress)) return;
    const { address = "127.0.0.1", internalName } = this.options;
    const loadBalancer = { ingress: [{ ip: address, ...(internalName && { domainInternal: internalName }) }] };
    const conditions: Condition[] = ["LoadBalancerReady", "NetworkConfigured", "Ready"].map((type) => ({
      type,
      status: "True",
    }));
    const now = `${this.options.clock().toISOString().slice(0, 19)}Z`;
    const status = {
      observedGeneration: generation,
      conditions: stampTransitions(conditions, ingress.status?.conditions ?? [], now),
      publicLoadBalancer: loadBalancer,
      privateLoadBalancer: loadBalancer,
    };
    try {
      const { cache } = this.options;
      const body = { status };
      const patch = { type: "merge", body } as const;
      cache
        .informer(Ingress)
        .observe(await cache.client.patch(Ingress, { name, namespace }, patch, { subresource: "status" }));
    } catch (error) {
      if (!hasReason(error, "NotFound")) this.options.onError?.(error);
    }
  }
}
