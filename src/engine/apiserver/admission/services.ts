/** Where a service can be reached from here: the address and port of one of its ready endpoints. */
import type { EndpointSlice, Endpoints, Service } from "#api/builtin/types.gen.ts";
import type { ObjectStore } from "../storage/objects.ts";
import type { ResolveService } from "./client.ts";

const SERVICE_LABEL = "kubernetes.io/service-name";

/** Looks into the Service objects, their EndpointSlices and Endpoints. */
export function serviceResolver(objects: ObjectStore): ResolveService {
  return async (namespace, name, port) => {
    const key = `${namespace}/${name}`;
    const service = objects.collection("", "services").get(key)?.object as unknown as Service | undefined;
    if (!service) throw new Error(`service ${JSON.stringify(name)} not found`);
    const { type, externalName, ports = [] } = service.spec ?? {};
    if (type === "ExternalName") return externalName ? { host: externalName, port } : undefined;
    const found = ports.find((candidate) => candidate.port === port);
    if (!found) throw new Error(`no service port ${port} found for service ${JSON.stringify(name)}`);
    return findEndpoint(objects, { namespace, name, port: found.name });
  };
}

/** A ready endpoint behind the named port of a service; undefined when there is none. */
export function findEndpoint(objects: ObjectStore, wanted: Wanted): Place | undefined {
  return fromSlices(objects, wanted) ?? fromEndpoints(objects, `${wanted.namespace}/${wanted.name}`, wanted.port);
}

type Wanted = { namespace: string; name: string; port: string | undefined };
type Place = { host: string; port: number };

function fromSlices(objects: ObjectStore, { namespace, name, port }: Wanted): Place | undefined {
  for (const entry of objects.collection("discovery.k8s.io", "endpointslices").range(namespace)) {
    if (entry.labels?.[SERVICE_LABEL] !== name) continue;
    const { endpoints = [], ports = [] } = entry.object as unknown as EndpointSlice;
    const number = portNamed(ports, port);
    const host = endpoints.find(({ conditions }) => conditions?.ready !== false)?.addresses[0];
    if (host && number) return { host, port: number };
  }
  return undefined;
}

function fromEndpoints(objects: ObjectStore, key: string, port: string | undefined): Place | undefined {
  const entry = objects.collection("", "endpoints").get(key);
  for (const { addresses = [], ports = [] } of (entry?.object as unknown as Endpoints | undefined)?.subsets ?? []) {
    const number = portNamed(ports, port);
    const host = addresses[0]?.ip;
    if (host && number) return { host, port: number };
  }
  return undefined;
}

function portNamed(ports: readonly { name?: string; port?: number }[], name = ""): number | undefined {
  return ports.find((candidate) => (candidate.name ?? "") === name)?.port;
}
