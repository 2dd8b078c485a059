/** Endpoints that somebody wrote: mirrored into slices, and gone when their Service goes. */
import { EndpointSlice, Endpoints, Service } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { type Controller, controller } from "#engine/controller/controller.ts";
import { settled } from "#engine/controller/outcome.ts";
import { isMirrored, mirrorGroups, mirrorOwner, mirrorsOf } from "./mirror.ts";
import { MANAGED_ENDPOINTS, planSlices } from "./slices.ts";

/** Reconciles Endpoints. */
export function endpointsMirroringController(): Controller<k8s.Endpoints> {
  const served = new Set<string>();
  return controller<k8s.Endpoints>({
    name: "core/endpoints-mirroring",
    reportsAs: "endpoint-slice-mirroring-controller",
    for: Endpoints,
    owns: [EndpointSlice],
    async reconcile(endpoints, context) {
      const { name, namespace, uid = "", labels } = endpoints.metadata;
      const service = await context.get(Service, name, namespace);
      if (service) served.add(uid);
      else if (served.delete(uid) || labels?.[MANAGED_ENDPOINTS] !== undefined) {
        await context.delete(Endpoints, { name, namespace });
        return settled();
      }
      const existing = await context.list(EndpointSlice, { namespace, labels: mirrorsOf(name) });
      const groups = mirrorGroups(endpoints);
      const isWanted = isMirrored(endpoints, service) && groups.length > 0;
      const plan = isWanted
        ? planSlices(mirrorOwner(endpoints), groups, existing)
        : { apply: [], remove: [...existing] };
      for (const draft of plan.apply) await context.apply(EndpointSlice, draft);
      for (const { metadata } of plan.remove) await context.delete(EndpointSlice, { name: metadata.name, namespace });
      return settled();
    },
  });
}
