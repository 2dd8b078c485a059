/** Services: defaults of type, ports and addresses. */
import type { Service } from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import type { Mutable } from "#kit/json.ts";
import type { FieldError } from "#kit/status.ts";
import type { Strategy } from "./strategy.ts";

const asService = (object: Unstructured): Mutable<Service> => object as unknown as Mutable<Service>;

export const serviceStrategy: Strategy = {
  nameRule: "label",
  defaults: (draft) => {
    const { spec } = asService(draft);
    if (!spec) return;
    spec.type ??= "ClusterIP";
    spec.sessionAffinity ??= "None";
    if (spec.type !== "ExternalName") {
      spec.internalTrafficPolicy ??= "Cluster";
      spec.ipFamilies ??= ["IPv4"];
      spec.ipFamilyPolicy ??= "SingleStack";
    }
    if (spec.type === "NodePort" || spec.type === "LoadBalancer") spec.externalTrafficPolicy ??= "Cluster";
    for (const port of spec.ports ?? []) {
      port.protocol ??= "TCP";
      port.targetPort ??= port.port;
    }
    if (spec.clusterIP && !spec.clusterIPs) spec.clusterIPs = [spec.clusterIP];
  },
  prepareUpdate: (draft, current) => {
    const [next, before] = [asService(draft).spec, asService(current).spec];
    if (!next || !before?.clusterIP || next.clusterIP || next.type === "ExternalName") return;
    next.clusterIP = before.clusterIP;
    next.clusterIPs = [...(before.clusterIPs ?? [before.clusterIP])];
  },
  prepareCreate: (draft) => {
    asService(draft).status = { loadBalancer: {} };
  },
  validate: (draft) => {
    const { spec } = asService(draft);
    const errors: FieldError[] = [];
    if (!spec?.ports?.length && spec?.type !== "ExternalName" && spec?.clusterIP !== "None")
      errors.push({ field: "spec.ports", reason: "FieldValueRequired", message: "Required value" });
    (spec?.ports ?? []).forEach(({ port, name }, index) => {
      if (!Number.isInteger(port) || port < 1 || port > 65535)
        errors.push({
          field: `spec.ports[${index}].port`,
          reason: "FieldValueInvalid",
          message: `Invalid value: ${port}: must be between 1 and 65535, inclusive`,
        });
      if (!name && (spec?.ports?.length ?? 0) > 1)
        errors.push({ field: `spec.ports[${index}].name`, reason: "FieldValueRequired", message: "Required value" });
    });
    return errors;
  },
};
