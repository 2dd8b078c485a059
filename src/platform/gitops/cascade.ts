/** Deleting an Application deletes what it manages, when its finalizer says so. */
import { Application } from "#api/argoproj.io/application.ts";
import type { Unstructured } from "#api/meta.ts";
import type { Context } from "#engine/controller/controller.ts";
import { failure } from "#kit/status.ts";
import type { KubeClient } from "#ports/kube/client.ts";
import type { LiveObjects } from "./live.ts";
import { planSync } from "./plan.ts";
import { hasOption } from "./sync.ts";
import { identityKey, identityOf } from "./tracking.ts";

/** How long a pass waits before it makes room for others: a child application may need the room to go away itself. */
const LONGEST_WAIT_MS = 3000;
const FINALIZER = "resources-finalizer.argocd.argoproj.io";

/** Goes through the managed objects wave by wave, in the reverse order of their creation. */
export class Cascade {
  private readonly live: LiveObjects;
  private readonly client: KubeClient;

  constructor(live: LiveObjects, client: KubeClient) {
    this.live = live;
    this.client = client;
  }

  /** Throws Conflict as long as something is still there: the runtime comes back, at the latest when it is gone. */
  async run(app: Application, instance: string, context: Context): Promise<void> {
    const finalizers = app.metadata.finalizers ?? [];
    const kept = finalizers.filter((name) => name !== FINALIZER && !name.startsWith(`${FINALIZER}/`));
    if (kept.length === finalizers.length) return;
    for (const { group, version = "", kind = "" } of app.status?.resources ?? [])
      await this.live.follow(group ? `${group}/${version}` : version, kind);
    const until = context.now().getTime() + LONGEST_WAIT_MS;
    let left: number;
    for (;;) {
      const change = this.live.nextChange(instance, LONGEST_WAIT_MS);
      left = await this.deleteNext(instance, app.metadata.uid);
      if (left === 0 || context.now().getTime() >= until || context.signal.aborted) break;
      await change;
    }
    if (left > 0) throw failure("Conflict", `${app.metadata.name}: waiting until ${left} managed objects are gone`);
    const { name, namespace } = app.metadata;
    await context.patch(Application, { name, namespace }, { metadata: { finalizers: kept } });
  }

  /** Deletes the wave that is due; returns how many objects are left. */
  private async deleteNext(instance: string, uid: string | undefined): Promise<number> {
    const objects = this.live
      .managedBy(instance)
      .filter((object) => object.metadata.uid !== uid && !hasOption(object, "Delete=false"));
    const items = objects.map((object) => ({
      ...identityOf(object),
      key: identityKey(identityOf(object)),
      live: object,
    }));
    const [wave] = planSync(items, { prune: true });
    for (const { item } of wave?.tasks ?? []) if (!item.live.metadata.deletionTimestamp) await this.delete(item.live);
    return objects.length;
  }

  private async delete(object: Unstructured): Promise<void> {
    const { name, namespace, uid } = object.metadata;
    const resource = await this.client.resourceFor(object.apiVersion, object.kind);
    await this.client.delete(resource, { name, namespace }, uid ? { uid } : {});
  }
}
