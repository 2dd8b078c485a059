/** Charges writes to the quotas of their namespace, in one step with the write: what is admitted is counted at once. */
import type { ResourceQuota } from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import { clone } from "#kit/json.ts";
import { forbidden } from "#kit/status.ts";
import type { Registry } from "../resources/registry.ts";
import type { ServedResource } from "../resources/served.ts";
import type { ObjectStore } from "../storage/objects.ts";
import { recordUpdate } from "../verbs/managed.ts";
import type { ResourceRequest } from "../wire/request.ts";
import { judge } from "./verdict.ts";

const MANAGER = "kube-apiserver";
/** An update of anything else uses what the object used before. */
const CHANGING = new Set(["services", "persistentvolumeclaims", "pods/resize"]);

export class Quotas {
  private readonly objects: ObjectStore;
  private readonly registry: Registry;
  private readonly clock: () => Date;

  constructor(objects: ObjectStore, registry: Registry, clock: () => Date) {
    this.objects = objects;
    this.registry = registry;
    this.clock = clock;
  }

  /**
   * Throws Forbidden when the write would use more than a quota leaves. Otherwise returns what writes the quotas down,
   * which has to happen before anything is waited for.
   */
  charge(request: ResourceRequest, object: Unstructured, current?: Unstructured): () => Promise<void> {
    const { served, target } = request;
    const quotas = this.objects.collection("", "resourcequotas");
    const resource = [served.id.resource, target.subresource ?? []].flat().join("/");
    const isMeant = current ? served.id.group === "" && CHANGING.has(resource) : target.subresource === undefined;
    if (!target.namespace || quotas.size === 0 || !isMeant) return NOTHING;
    const found = this.objects
      .newest(quotas, target.namespace)
      .map((entry) => entry.object as unknown as ResourceQuota);
    const verdict = judge(found, { id: served.id, object, current, now: this.clock().getTime() });
    if ("refusal" in verdict) throw forbidden(served.id, object.metadata.name, verdict.refusal);
    const home = this.registry.find("", "v1", "resourcequotas");
    if (!home) return NOTHING;
    return async () => {
      await Promise.all(verdict.charges.map(({ quota, used }) => this.write(home, quota, used)));
    };
  }

  private async write(served: ServedResource, quota: ResourceQuota, used: Record<string, string>): Promise<void> {
    const current = quota as unknown as Unstructured;
    const draft = clone(current) as Unstructured;
    draft.status = { ...quota.status, used };
    recordUpdate({ served, draft, current, manager: MANAGER, at: this.clock(), subresource: "status" });
    await this.objects.put(served.collection, draft);
  }
}

const NOTHING = async (): Promise<void> => {};
