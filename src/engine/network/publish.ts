/** Services whose endpoints are this host: objects like any other, so that kubectl shows them. */
import { EndpointSlice, Service } from "#api/builtin/index.ts";
import type { KubeClient } from "#ports/kube/client.ts";

export type HostService = {
  namespace: string;
  name: string;
  labels?: Readonly<Record<string, string>>;
  /** A fixed cluster IP; any when absent. */
  clusterIP?: string;
  ports: readonly { name: string; protocol: "TCP" | "UDP"; port: number; hostPort: number }[];
};

/** Creates the Service and its EndpointSlice at `hostAddress`, or brings them up to date. */
export async function publishHostService(client: KubeClient, service: HostService, hostAddress: string): Promise<void> {
  const { namespace, name, labels = {}, clusterIP, ports } = service;
  await client.apply(Service, {
    metadata: { namespace, name, labels },
    spec: {
      ...(clusterIP && { clusterIP }),
      ports: ports.map(({ hostPort, ...port }) => ({ ...port, targetPort: hostPort })),
    },
  });
  await client.apply(EndpointSlice, {
    metadata: { namespace, name, labels: { ...labels, "kubernetes.io/service-name": name } },
    addressType: "IPv4",
    endpoints: [{ addresses: [hostAddress], conditions: { ready: true } }],
    ports: ports.map(({ name: portName, protocol, hostPort }) => ({ name: portName, protocol, port: hostPort })),
  });
}
