import assert from "node:assert/strict";
import { test } from "node:test";
import type { ResourceRef } from "#api/meta.ts";
import type { KubeClient } from "#ports/kube/client.ts";
import { clusterServices } from "./service.ts";

type Objects = { service?: object; pods?: object[]; slices?: object[]; endpoints?: object };

/** A client that answers with these objects, whatever is asked of a kind. */
function clientWith({ service, pods = [], slices = [], endpoints }: Objects): KubeClient {
  const one: Record<string, unknown> = { Service: service, Endpoints: endpoints };
  const many: Record<string, unknown> = { Pod: pods, EndpointSlice: slices };
  return {
    get: async ({ kind }: ResourceRef) => one[kind],
    list: async ({ kind }: ResourceRef) => ({ items: many[kind] }),
  } as unknown as KubeClient;
}

const port = { name: "https", port: 443, targetPort: "webhook" };
const service = { metadata: { name: "w" }, spec: { selector: { app: "w" }, ports: [port] } };
const bare = { metadata: { name: "w" }, spec: { ports: [port] } };
const pod = (
  ip: string,
  { ready = "True", ...metadata }: { ready?: string; annotations?: object; deletionTimestamp?: string } = {},
) => ({
  metadata,
  spec: { containers: [{ name: "c", ports: [{ name: "webhook", containerPort: 8443 }] }] },
  status: { podIP: ip, conditions: [{ type: "Ready", status: ready }] },
});
const slice = { ports: [{ name: "https", port: 9443 }], endpoints: [{ addresses: ["10.0.0.9"] }] };

const ROWS: [title: string, objects: Objects, expected: string | undefined][] = [
  ["no service", {}, undefined],
  ["another port", { service: { ...service, spec: { ...service.spec, ports: [{ port: 80 }] } } }, undefined],
  [
    "a ready pod, by the name of its port",
    { service, pods: [pod("10.0.0.1", { ready: "False" }), pod("10.0.0.2")] },
    "10.0.0.2:8443",
  ],
  ["not one that is going", { service, pods: [pod("10.0.0.1", { deletionTimestamp: "now" })] }, undefined],
  [
    "a pod on the host's network",
    { service, pods: [pod("127.0.0.1", { annotations: { "slipway.dev/ports": '{"8443":31000}' } })] },
    "127.0.0.1:31000",
  ],
  [
    "a number as target port",
    {
      service: { ...service, spec: { ...service.spec, ports: [{ port: 443, targetPort: 7 }] } },
      pods: [pod("10.0.0.1")],
    },
    "10.0.0.1:7",
  ],
  ["an endpoint slice", { service: bare, slices: [slice] }, "10.0.0.9:9443"],
  [
    "no ready endpoint in it",
    { service: bare, slices: [{ ...slice, endpoints: [{ addresses: ["10.0.0.9"], conditions: { ready: false } }] }] },
    undefined,
  ],
  [
    "endpoints",
    {
      service: bare,
      endpoints: { subsets: [{ addresses: [{ ip: "10.0.0.8" }], ports: [{ name: "https", port: 1 }] }] },
    },
    "10.0.0.8:1",
  ],
  [
    "an external name",
    { service: { spec: { type: "ExternalName", externalName: "w.example", ports: [port] } } },
    "w.example:443",
  ],
];

for (const [title, objects, expected] of ROWS)
  test(title, async () => {
    const found = await clusterServices(clientWith(objects))("team", "w", 443);
    assert.equal(found && `${found.host}:${found.port}`, expected);
  });
