/** The server as a Service of its own cluster: default/kubernetes, with the endpoints that it listens on. */
import { API_ADDRESS } from "../strategies/addresses.ts";
import type { Handle } from "../wire/in-process.ts";

const HTTPS_PORT = 443;
const MANAGER = "slipway-apiserver";
const METADATA = { name: "kubernetes", namespace: "default" };
const LABELS = { component: "apiserver", provider: "kubernetes" };

/** Creates the service and its endpoints, or brings them up to date. Resolves when they are stored. */
export async function publishOwnService(handle: Handle, host: string, port: number): Promise<void> {
  const apply = (path: string, body: object) =>
    handle({
      method: "PATCH",
      path,
      query: { fieldManager: MANAGER, force: "true" },
      contentType: "application/apply-patch+yaml",
      body,
      ownsBody: true,
      user: { username: "system:apiserver", groups: ["system:masters"] },
      userAgent: MANAGER,
    });
  const ports = [{ name: "https", port, protocol: "TCP" }];
  await apply("/api/v1/namespaces/default/services/kubernetes", {
    apiVersion: "v1",
    kind: "Service",
    metadata: { ...METADATA, labels: LABELS },
    spec: {
      type: "ClusterIP",
      clusterIP: API_ADDRESS,
      ports: [{ name: "https", port: HTTPS_PORT, protocol: "TCP", targetPort: port }],
    },
  });
  await apply("/api/v1/namespaces/default/endpoints/kubernetes", {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: { ...METADATA, labels: { "endpointslice.kubernetes.io/skip-mirror": "true" } },
    subsets: [{ addresses: [{ ip: host }], ports }],
  });
  await apply("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes", {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { ...METADATA, labels: { "kubernetes.io/service-name": "kubernetes" } },
    addressType: host.includes(":") ? "IPv6" : "IPv4",
    endpoints: [{ addresses: [host], conditions: { ready: true } }],
    ports,
  });
}
