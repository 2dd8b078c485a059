/** The environment variables by which a pod finds Services (kubelet, v1 service links). Pure. */
import type { Pod, Service, ServicePort } from "#api/builtin/types.gen.ts";

/** Where a pod reaches a port of a cluster IP. */
export type AddressOf = (ip: string, port: number) => { ip: string; port: number };

/**
 * Variables for the Services of the pod's namespace, unless `enableServiceLinks` is false, and always for
 * default/kubernetes. Services without a cluster IP have none.
 */
export function serviceVariables(pod: Pod, services: readonly Service[], addressOf: AddressOf): Record<string, string> {
  const isLinked = pod.spec.enableServiceLinks !== false;
  const visible = services.filter(
    ({ metadata }) => isApi(metadata) || (isLinked && metadata.namespace === pod.metadata.namespace),
  );
  // The API's own variables are not replaced by those of a Service of that name in the pod's namespace.
  const ordered = visible.toSorted((left, right) => Number(isApi(left.metadata)) - Number(isApi(right.metadata)));
  return Object.assign({}, ...ordered.map((service) => variablesOf(service, addressOf)));
}

function isApi({ namespace, name }: Service["metadata"]): boolean {
  return namespace === "default" && name === "kubernetes";
}

function variablesOf({ metadata, spec }: Service, addressOf: AddressOf): Record<string, string> {
  const { clusterIP = "", ports = [] } = spec ?? {};
  const [first] = ports;
  if (clusterIP === "" || clusterIP === "None" || !first) return {};
  const prefix = variableName(metadata.name);
  const { ip, port } = addressOf(clusterIP, first.port);
  const named = ports.flatMap(({ name, port: number }) =>
    name ? [[`${prefix}_SERVICE_PORT_${variableName(name)}`, String(addressOf(clusterIP, number).port)]] : [],
  );
  return {
    [`${prefix}_SERVICE_HOST`]: ip,
    [`${prefix}_SERVICE_PORT`]: String(port),
    ...Object.fromEntries(named),
    [`${prefix}_PORT`]: `${protocolOf(first)}://${ip}:${port}`,
    ...Object.assign({}, ...ports.map((each) => portVariables(prefix, each, addressOf(clusterIP, each.port)))),
  };
}

function portVariables(prefix: string, port: ServicePort, place: ReturnType<AddressOf>): Record<string, string> {
  const protocol = protocolOf(port);
  const name = `${prefix}_PORT_${port.port}_${protocol.toUpperCase()}`;
  return {
    [name]: `${protocol}://${place.ip}:${place.port}`,
    [`${name}_PROTO`]: protocol,
    [`${name}_PORT`]: String(place.port),
    [`${name}_ADDR`]: place.ip,
  };
}

function protocolOf({ protocol = "TCP" }: ServicePort): string {
  return protocol.toLowerCase();
}

function variableName(name: string): string {
  return name.toUpperCase().replaceAll("-", "_");
}
