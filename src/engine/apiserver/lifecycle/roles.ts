/** Aggregated ClusterRoles: their rules are those of all ClusterRoles that their selectors name. */
import type { ClusterRole, PolicyRule } from "#api/builtin/types.gen.ts";
import { deepEqual } from "#kit/json.ts";
import { compileSelector, type LabelSelector } from "#kit/selector.ts";
import { hasReason } from "#kit/status.ts";
import { RBAC_GROUP } from "../auth/authorizer.ts";
import type { Registry } from "../resources/registry.ts";
import type { Change, Collection } from "../storage/collection.ts";
import type { Core } from "../verbs/write.ts";
import type { Handle } from "../wire/in-process.ts";
import { WorkQueue } from "./queue.ts";

const ALL = "all";

export class AggregationLoop {
  private readonly registry: Registry;
  private readonly handle: Handle;
  private readonly roles: Collection;
  private readonly queue = new WorkQueue<string>(() => this.visit());

  constructor(core: Core, registry: Registry, handle: Handle) {
    this.registry = registry;
    this.handle = handle;
    this.roles = core.objects.collection(RBAC_GROUP, "clusterroles");
  }

  /** Brings all aggregated roles up to date. */
  start(): Promise<void> {
    return this.visit();
  }

  apply(collection: Collection, _: Change): void {
    if (collection === this.roles) this.queue.add(ALL, ALL);
  }

  close(): Promise<void> {
    return this.queue.close();
  }

  /** Aggregates may select aggregates: every write wakes the loop again until nothing changes. */
  private async visit(): Promise<void> {
    const served = this.registry.find(RBAC_GROUP, "v1", "clusterroles");
    if (!served) return;
    const roles = this.roles.range().map((entry) => ({ entry, role: entry.object as unknown as ClusterRole }));
    for (const { entry, role } of roles) {
      const selectors = role.aggregationRule?.clusterRoleSelectors;
      if (!selectors || entry.deletionTimestamp) continue;
      const matches = selectors.map((selector) => compileSelector(selector as LabelSelector));
      const rules: PolicyRule[] = [];
      for (const other of roles) {
        if (other.entry.name === entry.name || !matches.some((match) => match(other.entry.labels))) continue;
        for (const rule of other.role.rules ?? []) if (!rules.some((known) => deepEqual(known, rule))) rules.push(rule);
      }
      if (!deepEqual(rules, role.rules ?? [])) await this.write(entry.name, rules);
    }
  }

  /** An apply, so that rules which somebody wrote stay as long as there are none to put in their place. */
  private async write(name: string, rules: PolicyRule[]): Promise<void> {
    const fields = { apiVersion: `${RBAC_GROUP}/v1`, kind: "ClusterRole", metadata: { name } };
    try {
      await this.handle({
        method: "PATCH",
        path: `/apis/${RBAC_GROUP}/v1/clusterroles/${name}`,
        query: { fieldManager: "clusterrole-aggregation-controller", force: "true" },
        contentType: "application/apply-patch+yaml",
        body: rules.length > 0 ? { ...fields, rules } : fields,
        ownsBody: true,
        user: {
          username: "system:serviceaccount:kube-system:clusterrole-aggregation-controller",
          groups: ["system:masters"],
        },
        userAgent: "clusterrole-aggregation-controller",
      });
    } catch (error) {
      if (!hasReason(error, "NotFound")) throw error;
    }
  }
}
