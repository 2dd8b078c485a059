/** Deleting an Application deletes what it manages, when its finalizer says so. */
import type { AppProject } from "#api/argoproj.io/app-project.ts";
import { Application } from "#api/argoproj.io/application.ts";
import type { Unstructured } from "#api/meta.ts";
import type { Context } from "#engine/controller/controller.ts";
import { failure, hasReason } from "#kit/status.ts";
import type { KubeClient } from "#ports/kube/client.ts";
import type { LiveObjects } from "./live.ts";
import { planSync } from "./plan.ts";
import { hasOption } from "./sync.ts";
import { identityKey, identityOf } from "./tracking.ts";
import { whyLiveForbidden } from "./world.ts";

/** How long a pass waits before it makes room for others: a child application may need the room to go away itself. */
const LONGEST_WAIT_MS = 3000;
const FINALIZER = "resources-finalizer.argocd.argoproj.io";

/** On whose behalf an application's objects are deleted. */
export type Deleter = {
  project: AppProject | undefined;
  /** Of the account that it is synced as; undefined when it is synced with our own rights, or the account is gone. */
  client: KubeClient | undefined;
  /** Whether objects outside of the application's namespace are deleted with that account's rights only. */
  isLimited: boolean;
};

/** Goes through the managed objects wave by wave, in the reverse order of their creation. */
export class Cascade {
  private readonly live: LiveObjects;
  private readonly client: KubeClient;

  constructor(live: LiveObjects, client: KubeClient) {
    this.live = live;
    this.client = client;
  }

  /**
   * Throws Conflict as long as something is still there: the runtime comes back, at the latest when it is gone. What may
   * not be deleted stays, and an event says so.
   */
  async run(app: Application, instance: string, deleter: Deleter, context: Context): Promise<void> {
    const finalizers = app.metadata.finalizers ?? [];
    const others = finalizers.filter((name) => name !== FINALIZER && !name.startsWith(`${FINALIZER}/`));
    if (others.length === finalizers.length) return;
    for (const { group, version = "", kind = "" } of app.status?.resources ?? [])
      await this.live.follow(group ? `${group}/${version}` : version, kind);
    const kept: Kept = new Map();
    const until = context.now().getTime() + LONGEST_WAIT_MS;
    let left: number;
    for (;;) {
      const change = this.live.nextChange(instance, LONGEST_WAIT_MS);
      left = await this.deleteNext(app, instance, deleter, kept);
      if (left === 0 || context.now().getTime() >= until || context.signal.aborted) break;
      await change;
    }
    for (const why of kept.values()) context.event("Warning", "ManagedObjectKept", why);
    if (left > 0) throw failure("Conflict", `${app.metadata.name}: waiting until ${left} managed objects are gone`);
    const { name, namespace } = app.metadata;
    await context.patch(Application, { name, namespace }, { metadata: { finalizers: others } });
  }

  /** Deletes the wave that is due; returns how many objects are left. */
  private async deleteNext(app: Application, instance: string, deleter: Deleter, kept: Kept): Promise<number> {
    const items = this.live
      .managedBy(instance)
      .filter(({ metadata: { uid = "" } }) => uid !== app.metadata.uid && !kept.has(uid))
      .filter((object) => !hasOption(object, "Delete=false") && !whyLiveForbidden(object, deleter.project))
      .map((object) => ({ ...identityOf(object), key: identityKey(identityOf(object)), live: object }));
    const [wave] = planSync(items, { prune: true });
    let left = items.length;
    for (const { item } of wave?.tasks ?? []) {
      if (item.live.metadata.deletionTimestamp) continue;
      const why = await this.delete(item.live, app, deleter);
      if (why === undefined) continue;
      kept.set(item.live.metadata.uid ?? "", `${item.kind} ${item.name} stays: ${why}`);
      left--;
    }
    return left;
  }

  /**
   * Returns why the object may not be deleted. In the application's own namespace its tracking id is enough: there an
   * account that has lost its rights, or went with the namespace, leaves nothing behind.
   */
  private async delete(object: Unstructured, app: Application, deleter: Deleter): Promise<string | undefined> {
    const { name, namespace, uid } = object.metadata;
    const isOurs = !deleter.isLimited || namespace === app.metadata.namespace;
    const client = isOurs ? this.client : deleter.client;
    if (!client) return "there is no service account any more that it could be deleted as";
    const resource = await this.client.resourceFor(object.apiVersion, object.kind);
    try {
      await client.delete(resource, { name, namespace }, uid ? { uid } : {});
      return undefined;
    } catch (error) {
      if (hasReason(error, "Forbidden")) return error.message;
      throw error;
    }
  }
}

/** Why objects are not deleted, by uid. */
type Kept = Map<string, string>;
