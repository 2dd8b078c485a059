/** Services: defaults of type, ports and addresses. Addresses themselves come from {@link ServiceAddresses}. */
import type { Service } from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import { deepEqual, type Mutable } from "#kit/json.ts";
import { carryAddresses } from "../addresses.ts";
import { checkLoadBalancer, warnOfLoadBalancer } from "../load-balancers.ts";
import { checkConditions } from "../rules/conditions.ts";
import { violations } from "../rules/report.ts";
import type { Strategy } from "../strategy.ts";
import { checkAddressChange, checkClassChange, checkService, checkSourceRanges } from "./validate.ts";
import { warnOfService } from "./warnings.ts";

const asService = (object: Unstructured): Mutable<Service> => object as unknown as Mutable<Service>;
type Spec = NonNullable<Mutable<Service>["spec"]>;

const AFFINITY_SECONDS = 10_800;

export const serviceStrategy: Strategy = {
  nameRule: "label",
  createsOnUpdate: true,
  warnStatus: (draft) => warnOfLoadBalancer(asService(draft).status?.loadBalancer),
  warn: (draft) => warnOfService(asService(draft)),
  returnsDeleted: true,
  defaults: (draft) => {
    const { spec } = asService(draft);
    if (!spec) return;
    spec.type ??= "ClusterIP";
    defaultAffinity(spec);
    if (spec.type !== "ExternalName") spec.internalTrafficPolicy ??= "Cluster";
    if (spec.type === "NodePort" || spec.type === "LoadBalancer" || spec.externalIPs?.length)
      spec.externalTrafficPolicy ??= "Cluster";
    if (spec.type === "LoadBalancer") spec.allocateLoadBalancerNodePorts ??= true;
    for (const port of spec.ports ?? []) {
      port.protocol ??= "TCP";
      if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === "") port.targetPort = port.port;
    }
  },
  prepareStatus: (draft) => {
    for (const ingress of asService(draft).status?.loadBalancer?.ingress ?? [])
      if (ingress.ip) ingress.ipMode ??= "VIP";
  },
  prepareUpdate: (draft, current) => {
    const [next, before] = [asService(draft), asService(current).spec];
    if (!next.spec || !before) return;
    carryAddresses(next.spec, before as Spec);
    dropForeignFields(next.spec, before as Spec);
    if (
      next.spec.clusterIP &&
      next.spec.clusterIP !== before.clusterIP &&
      deepEqual(next.spec.clusterIPs, before.clusterIPs)
    )
      next.spec.clusterIPs = [next.spec.clusterIP];
    completeAddresses(next.spec);
    if (next.spec.type !== "LoadBalancer") next.status = { loadBalancer: {} };
  },
  prepareCreate: (draft) => {
    const service = asService(draft);
    service.status = { loadBalancer: {} };
    if (service.spec) completeAddresses(service.spec);
  },
  validate: (draft, current) =>
    violations((report) => {
      const { spec = {} } = asService(draft);
      checkService(spec, report.at("spec"));
      checkSourceRanges(asService(draft), report);
      const before = current && (asService(current).spec ?? {});
      if (!before) return;
      checkAddressChange(spec, before, report.at("spec"));
      checkClassChange(spec, before, report.at("spec"));
    }),
  validateStatus: (draft) =>
    violations((report) => {
      const { spec, status } = asService(draft);
      const at = report.at("status");
      checkLoadBalancer(status?.loadBalancer, at);
      checkConditions(status?.conditions, at.at("conditions"));
      if (spec?.type !== "LoadBalancer" && status?.loadBalancer?.ingress?.length)
        at.at("loadBalancer", "ingress").forbidden("may only be used when `spec.type` is 'LoadBalancer'");
    }),
};

function defaultAffinity(spec: Spec): void {
  spec.sessionAffinity ??= "None";
  if (spec.sessionAffinity === "None") delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity !== "ClientIP") return;
  spec.sessionAffinityConfig ??= {};
  spec.sessionAffinityConfig.clientIP ??= {};
  spec.sessionAffinityConfig.clientIP.timeoutSeconds ??= AFFINITY_SECONDS;
}

/** Address families; a headless service without pods of its own may have addresses of any. */
function completeAddresses(spec: Spec): void {
  if (spec.type === "ExternalName") return;
  if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP];
  const isOpen = spec.clusterIP === "None" && !spec.selector;
  if (!spec.ipFamilies?.length) spec.ipFamilies = isOpen ? ["IPv4", "IPv6"] : ["IPv4"];
  spec.ipFamilyPolicy ??= isOpen ? "RequireDualStack" : "SingleStack";
}

/** Fields that a service keeps only as long as it has the type that they are for. */
function dropForeignFields(next: Spec, before: Spec): void {
  const isExternal = next.type === "NodePort" || next.type === "LoadBalancer" || next.externalIPs?.length;
  if (next.type !== "LoadBalancer") {
    if (before.type === "LoadBalancer" && next.allocateLoadBalancerNodePorts === before.allocateLoadBalancerNodePorts)
      delete next.allocateLoadBalancerNodePorts;
    if (before.loadBalancerClass === next.loadBalancerClass) delete next.loadBalancerClass;
  }
  if (!isExternal && next.externalTrafficPolicy === before.externalTrafficPolicy) delete next.externalTrafficPolicy;
  const checksHealth = next.type === "LoadBalancer" && next.externalTrafficPolicy === "Local";
  if (!checksHealth && next.healthCheckNodePort === before.healthCheckNodePort) delete next.healthCheckNodePort;
  if (next.type !== "ExternalName") return;
  for (const field of ["ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"] as const)
    if (String(next[field]) === String(before[field])) delete next[field];
}
