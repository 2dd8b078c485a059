/** The endpoints controller: tells which pods stand behind each Service, and at which ports. */
import { EndpointSlice, Endpoints, Node, Pod, Service } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { type Controller, controller } from "#engine/controller/controller.ts";
import { settled } from "#engine/controller/outcome.ts";
import { groupEndpoints, isSelecting } from "./pods.ts";
import { planEndpoints, planSlices, sliceLabels, sliceOwner } from "./slices.ts";

const ZONE = "topology.kubernetes.io/zone";

/** Writes EndpointSlices and Endpoints of Services with selectors. */
export function endpointsController(): Controller<k8s.Service> {
  return controller<k8s.Service>({
    name: "core/endpoints",
    for: Service,
    reportsAs: "endpoint-slice-controller",
    owns: [EndpointSlice],
    async reconcile(service, context) {
      if (!isSelecting(service)) return settled();
      const { name, namespace } = service.metadata;
      const nodes = await context.list(Node);
      const zones = new Map(nodes.map(({ metadata }) => [metadata.name, metadata.labels?.[ZONE] ?? ""]));
      const groups = groupEndpoints(
        service,
        await context.list(Pod, { namespace, labels: service.spec?.selector }),
        zones,
      );
      const existing = await context.list(EndpointSlice, { namespace, labels: sliceLabels(name) });
      const slices = planSlices(sliceOwner(service, context.now()), groups, existing);
      for (const draft of slices.apply) await context.apply(EndpointSlice, draft);
      for (const { metadata } of slices.remove) await context.delete(EndpointSlice, { name: metadata.name, namespace });
      const live = await context.get(Endpoints, name, namespace);
      const endpoints = planEndpoints(service, groups, live, context.now());
      if (endpoints) await context.apply(Endpoints, endpoints, { owned: false });
      return settled();
    },
  });
}
