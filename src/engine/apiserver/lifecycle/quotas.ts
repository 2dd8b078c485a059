/** Keeps the status of quotas right: counts again when a quota changes, and when objects that it counts are given up. */
import type { ResourceQuota } from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import { deepEqual } from "#kit/json.ts";
import { renderResources } from "#kit/resource-list.ts";
import type { ResourceId } from "#kit/status.ts";
import { isCountedBy } from "../quota/counters.ts";
import { recount } from "../quota/recount.ts";
import { usageOf } from "../quota/usage.ts";
import type { Registry } from "../resources/registry.ts";
import type { Change, Collection } from "../storage/collection.ts";
import type { Entry } from "../storage/entry.ts";
import type { Core } from "../verbs/write.ts";
import { edit } from "./edit.ts";
import { WorkQueue } from "./queue.ts";

const MANAGER = "kube-controller-manager";
/** Time passes also where nothing changes: pods that should have been gone are not counted any more. */
const INTERVAL_MS = 300_000;
/** What may come to use more or less while it exists. */
const CHANGING = new Set(["core/pods", "core/services", "core/persistentvolumeclaims"]);

const asQuota = (entry: Entry): ResourceQuota => entry.object as unknown as ResourceQuota;

export class QuotaLoop {
  private readonly core: Core;
  private readonly registry: Registry;
  private readonly quotas: Collection;
  private readonly queue = new WorkQueue<string>((key) => this.visit(key));
  private readonly timer: NodeJS.Timeout;

  constructor(core: Core, registry: Registry) {
    this.core = core;
    this.registry = registry;
    this.quotas = core.objects.collection("", "resourcequotas");
    this.timer = setInterval(() => this.start(), INTERVAL_MS).unref();
  }

  /** Counts for all quotas. */
  start(): void {
    for (const { key } of this.quotas.range()) this.queue.add(key, key);
  }

  apply(collection: Collection, change: Change): void {
    if (collection === this.quotas && change.type !== "DELETED" && isNew(change)) this.add(change.entry.key);
    if (this.quotas.size > 0 && change.entry.namespace && this.isGivenUp(collection, change))
      this.addCounting(collection, change.entry.namespace);
  }

  close(): Promise<void> {
    clearInterval(this.timer);
    return this.queue.close();
  }

  private add(key: string): void {
    this.queue.add(key, key);
  }

  private isGivenUp(collection: Collection, { type, entry, previous }: Change): boolean {
    if (type !== "MODIFIED" || !previous) return type === "DELETED";
    if (!CHANGING.has(collection.id) || this.quotas.range(entry.namespace).length === 0) return false;
    const now = this.core.clock().getTime();
    const usage = ({ object }: Entry): object => renderResources(usageOf(idOf(collection), object, now));
    return !deepEqual(usage(entry), usage(previous));
  }

  private addCounting(collection: Collection, namespace: string): void {
    const id = idOf(collection);
    for (const entry of this.quotas.range(namespace))
      if (Object.keys(asQuota(entry).spec?.hard ?? {}).some((name) => isCountedBy(name, id))) this.add(entry.key);
  }

  private async visit(key: string): Promise<void> {
    const served = this.registry.find("", "v1", "resourcequotas");
    if (!served) return;
    const { objects, clock } = this.core;
    const change = (draft: Unstructured): boolean => {
      const status = recount(draft as unknown as ResourceQuota, {
        ...{ objects, registry: this.registry, now: clock().getTime() },
      });
      if (deepEqual(draft.status, status)) return false;
      draft.status = status;
      return true;
    };
    await edit(this.core, served, { key, change, status: true, manager: MANAGER });
  }
}

function isNew({ entry, previous }: Change): boolean {
  return !previous || !deepEqual(asQuota(previous).spec, asQuota(entry).spec);
}

function idOf({ id }: Collection): ResourceId {
  const [group = "", resource = ""] = id.split("/");
  return { group: group === "core" ? "" : group, resource };
}
