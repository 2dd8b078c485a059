/** Services: defaults of type, ports and addresses; validation. Addresses themselves come from {@link ServiceAddresses}. */
import type { Service, ServicePort } from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import type { Mutable } from "#kit/json.ts";
import type { FieldError } from "#kit/status.ts";
import { carryAddresses } from "./addresses.ts";
import type { Strategy } from "./strategy.ts";

const asService = (object: Unstructured): Mutable<Service> => object as unknown as Mutable<Service>;

const TYPES = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
const PROTOCOLS = ["SCTP", "TCP", "UDP"];
const AFFINITY_SECONDS = 10_800;

export const serviceStrategy: Strategy = {
  nameRule: "label",
  defaults: (draft) => {
    const { spec } = asService(draft);
    if (!spec) return;
    spec.type ??= "ClusterIP";
    spec.sessionAffinity ??= "None";
    if (spec.sessionAffinity === "ClientIP")
      spec.sessionAffinityConfig ??= { clientIP: { timeoutSeconds: AFFINITY_SECONDS } };
    if (spec.type !== "ExternalName") {
      spec.internalTrafficPolicy ??= "Cluster";
      spec.ipFamilies ??= ["IPv4"];
      spec.ipFamilyPolicy ??= "SingleStack";
    }
    if (spec.type === "NodePort" || spec.type === "LoadBalancer") spec.externalTrafficPolicy ??= "Cluster";
    if (spec.type === "LoadBalancer") spec.allocateLoadBalancerNodePorts ??= true;
    for (const port of spec.ports ?? []) {
      port.protocol ??= "TCP";
      port.targetPort ??= port.port;
    }
    if (spec.clusterIP && !spec.clusterIPs) spec.clusterIPs = [spec.clusterIP];
  },
  prepareUpdate: (draft, current) => {
    const [next, before] = [asService(draft).spec, asService(current).spec];
    if (next && before) carryAddresses(next, before as Mutable<NonNullable<Service["spec"]>>);
  },
  prepareCreate: (draft) => {
    asService(draft).status = { loadBalancer: {} };
  },
  validate: (draft, current) => {
    const { spec } = asService(draft);
    if (!spec) return [required("spec.ports")];
    return [
      ...validateType(spec),
      ...(spec.ports ?? []).flatMap((port, index) => validatePort(spec, port, index)),
      ...(current ? validateAddressChange(spec, asService(current).spec) : []),
    ];
  },
};

type Spec = NonNullable<Service["spec"]>;

function required(field: string, why?: string): FieldError {
  return { field, reason: "FieldValueRequired", message: why ? `Required value: ${why}` : "Required value" };
}

function bad(field: string, value: unknown, why: string): FieldError {
  return { field, reason: "FieldValueInvalid", message: `Invalid value: ${JSON.stringify(value)}: ${why}` };
}

function unsupported(field: string, value: string, supported: readonly string[]): FieldError {
  const known = supported.map((name) => JSON.stringify(name)).join(", ");
  const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${known}`;
  return { field, reason: "FieldValueNotSupported", message };
}

function validateType(spec: Spec): FieldError[] {
  const { type = "", clusterIP } = spec;
  const errors: FieldError[] = [];
  if (!TYPES.includes(type)) errors.push(unsupported("spec.type", type, TYPES));
  if (!spec.ports?.length && type !== "ExternalName" && clusterIP !== "None") errors.push(required("spec.ports"));
  if (type === "ExternalName" && !spec.externalName) errors.push(required("spec.externalName"));
  if (type === "ExternalName" && clusterIP)
    errors.push({
      field: "spec.clusterIPs[0]",
      reason: "FieldValueForbidden",
      message: "Forbidden: may not be set when `type` is 'ExternalName'",
    });
  if (clusterIP === "None" && (type === "NodePort" || type === "LoadBalancer"))
    errors.push(bad("spec.clusterIPs[0]", "None", `may not be set to 'None' for ${type} services`));
  if (clusterIP && clusterIP !== "None" && !/^\d{1,3}(\.\d{1,3}){3}$/.test(clusterIP))
    errors.push(bad("spec.clusterIPs[0]", clusterIP, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"));
  return errors;
}

function validatePort(spec: Spec, port: ServicePort, index: number): FieldError[] {
  const at = `spec.ports[${index}]`;
  const earlier = (spec.ports ?? []).slice(0, index);
  const errors: FieldError[] = [];
  if (!Number.isInteger(port.port) || port.port < 1 || port.port > 65_535)
    errors.push(bad(`${at}.port`, port.port, "must be between 1 and 65535, inclusive"));
  if (!port.name && (spec.ports?.length ?? 0) > 1) errors.push(required(`${at}.name`));
  if (port.name && earlier.some(({ name }) => name === port.name))
    errors.push({
      field: `${at}.name`,
      reason: "FieldValueDuplicate",
      message: `Duplicate value: ${JSON.stringify(port.name)}`,
    });
  const { protocol = "TCP" } = port;
  if (!PROTOCOLS.includes(protocol)) errors.push(unsupported(`${at}.protocol`, protocol, PROTOCOLS));
  if (earlier.some((other) => other.port === port.port && (other.protocol ?? "TCP") === protocol))
    errors.push({
      field: at,
      reason: "FieldValueDuplicate",
      message: `Duplicate value: ${JSON.stringify({ port: port.port, protocol })}`,
    });
  if (port.nodePort && (spec.type === "ClusterIP" || spec.type === "ExternalName"))
    errors.push({
      field: `${at}.nodePort`,
      reason: "FieldValueForbidden",
      message: `Forbidden: may not be used when \`type\` is '${spec.type}'`,
    });
  return errors;
}

function validateAddressChange(next: Spec, before: Spec | undefined): FieldError[] {
  if (!before?.clusterIP || next.type === "ExternalName" || before.type === "ExternalName") return [];
  if (next.clusterIP === before.clusterIP) return [];
  return [bad("spec.clusterIPs[0]", next.clusterIPs ?? [next.clusterIP], "may not change once set")];
}
