/** From a service to an address that can be called from here: a ready pod of it, else its endpoints. */
import { EndpointSlice, Endpoints, Pod, Service } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { isTrue } from "#kit/conditions.ts";
import type { KubeClient } from "#ports/kube/client.ts";

export type Address = { host: string; port: number };

/** Undefined when the service is not there or nothing behind it is ready. */
export type ServiceResolver = (namespace: string, name: string, port: number) => Promise<Address | undefined>;

/** On pods that share the host's network: a JSON map from their own ports to those of the host. */
const PORTS_ANNOTATION = "slipway.dev/ports";

/** Asks the cluster each time: pods change too often to be remembered for the few calls there are. */
export function clusterServices(client: KubeClient): ServiceResolver {
  return async (namespace, name, port) => {
    const service = await client.get(Service, name, namespace);
    const wanted = service?.spec?.ports?.find((candidate) => candidate.port === port);
    if (!service?.spec || !wanted) return undefined;
    const { type, externalName, selector } = service.spec;
    if (type === "ExternalName") return externalName ? { host: externalName, port } : undefined;
    if (selector && Object.keys(selector).length > 0) {
      const { items } = await client.list(Pod, { namespace, labels: selector });
      const found = fromPods(items, wanted);
      if (found) return found;
    }
    const labels = { "kubernetes.io/service-name": name };
    const { items: slices } = await client.list(EndpointSlice, { namespace, labels });
    return fromSlices(slices, wanted.name) ?? fromEndpoints(await client.get(Endpoints, name, namespace), wanted.name);
  };
}

/** The first ready pod. */
function fromPods(pods: readonly k8s.Pod[], { port, targetPort = port }: k8s.ServicePort): Address | undefined {
  for (const pod of pods) {
    if (pod.metadata.deletionTimestamp || !isTrue(pod as never) || !pod.status?.podIP) continue;
    const ports = pod.spec.containers.flatMap((container) => container.ports ?? []);
    const number =
      typeof targetPort === "number" ? targetPort : ports.find(({ name }) => name === targetPort)?.containerPort;
    if (number === undefined) continue;
    const moved = JSON.parse(pod.metadata.annotations?.[PORTS_ANNOTATION] ?? "{}") as Record<string, number>;
    return { host: pod.status.podIP, port: moved[number] ?? number };
  }
  return undefined;
}

function fromSlices(slices: readonly k8s.EndpointSlice[], name = ""): Address | undefined {
  for (const { endpoints = [], ports = [] } of slices) {
    const host = endpoints.find(({ conditions }) => conditions?.ready !== false)?.addresses[0];
    const port = ports.find((candidate) => (candidate.name ?? "") === name)?.port;
    if (host && port) return { host, port };
  }
  return undefined;
}

function fromEndpoints(endpoints: k8s.Endpoints | undefined, name = ""): Address | undefined {
  for (const { addresses = [], ports = [] } of endpoints?.subsets ?? []) {
    const port = ports.find((candidate) => (candidate.name ?? "") === name)?.port;
    const host = addresses[0]?.ip;
    if (host && port) return { host, port };
  }
  return undefined;
}
