/** The Services that name a Route inside the cluster. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Ingress } from "#api/networking.internal.knative.dev/ingress.ts";
import { Route } from "#api/serving.knative.dev/index.ts";
import { placeholdersOf } from "./placeholder.ts";

const route: Route = {
  apiVersion: "serving.knative.dev/v1",
  kind: Route.kind,
  metadata: { name: "hello", namespace: "default" },
  spec: {},
};
const targets = [
  { revisionName: "hello-00001", percent: 100, latestRevision: true },
  { revisionName: "hello-00000", percent: 0, latestRevision: false, tag: "old" },
];
const ingress = (internal?: string): Ingress => ({
  apiVersion: "networking.internal.knative.dev/v1alpha1",
  kind: Ingress.kind,
  metadata: { name: "hello", namespace: "default" },
  spec: {},
  status: {
    privateLoadBalancer: { ingress: [{ ip: "127.0.0.1", ...(internal && { domainInternal: internal }) }] },
  },
});

describe("placeholdersOf", () => {
  test("leads the Route and its tags to the gateway", () => {
    const placeholders = placeholdersOf(route, targets, ingress("gateway.slipway-system.svc.cluster.local"));
    assert.deepEqual(
      placeholders.map(({ metadata }) => metadata.name),
      ["hello", "old-hello"],
    );
    assert.deepEqual(placeholders[0], {
      metadata: { name: "hello", namespace: "default", labels: { "serving.knative.dev/route": "hello" } },
      spec: {
        type: "ExternalName",
        externalName: "gateway.slipway-system.svc.cluster.local",
        ports: [{ name: "http2", port: 80, targetPort: 80 }],
      },
    });
  });

  test("there are none while the gateway has no name in the cluster", () =>
    assert.deepEqual(placeholdersOf(route, targets, ingress()), []));
});
