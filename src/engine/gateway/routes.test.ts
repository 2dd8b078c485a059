/** Table tests for the route table, and the sync against a real API server in memory. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { CustomResourceDefinition } from "#api/builtin/definition.ts";
import { Pod } from "#api/builtin/index.ts";
import type { Pod as PodObject } from "#api/builtin/types.gen.ts";
import { toCustomResourceDefinition } from "#api/crd.ts";
import type { Resource } from "#api/define.ts";
import { Ingress } from "#api/networking.internal.knative.dev/ingress.ts";
import { Revision } from "#api/serving.knative.dev/revision.ts";
import { startApiServer } from "#engine/apiserver/start.ts";
import { ObjectCache } from "#engine/controller/cache.ts";
import { isTrue } from "#kit/conditions.ts";
import { KubeClient } from "#ports/kube/client.ts";
import { memoryStore } from "#ports/store/memory.ts";
import { planTable } from "./plan-table.ts";
import { startRouteSync } from "./routes.ts";
import { matchRoute, type RouteTable } from "./table.ts";

const ns = "default";

function ingressOf(name: string, splits: { serviceName: string; percent?: number }[], extra: object = {}): Ingress {
  return {
    apiVersion: "networking.internal.knative.dev/v1alpha1",
    kind: "Ingress",
    metadata: { name, namespace: ns, generation: 1, creationTimestamp: "2026-01-01T00:00:00Z" },
    spec: {
      rules: [
        {
          hosts: [`${name}.${ns}.Apps.localhost`],
          http: {
            paths: [{ splits: splits.map((split) => ({ serviceNamespace: ns, servicePort: 80, ...split })), ...extra }],
          },
        },
      ],
    },
  };
}

function podOf(
  name: string,
  revision: string,
  extra: { ready?: boolean; deleted?: boolean; ports?: string } = {},
): PodObject {
  const { ready = true, deleted = false, ports } = extra;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: ns,
      labels: { "serving.knative.dev/revision": revision },
      ...(ports && { annotations: { "slipway.dev/ports": ports } }),
      ...(deleted && { deletionTimestamp: "2026-01-01T00:00:00Z" }),
    },
    spec: { containers: [{ name: "c", ports: [{ containerPort: 9000 }] }] },
    status: { podIP: "10.0.0.1", conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
  };
}

describe("planTable", () => {
  const endpoints = (pods: PodObject[]) =>
    planTable({ ingresses: [ingressOf("app", [{ serviceName: "r1" }])], revisions: [], pods }).revisions["default/r1"]
      ?.endpoints;
  const cases: { title: string; pod: PodObject; endpoints: { host: string; port: number }[] }[] = [
    {
      title: "a ready pod at its container port",
      pod: podOf("p", "r1"),
      endpoints: [{ host: "10.0.0.1", port: 9000 }],
    },
    {
      title: "a pod at its recorded port",
      pod: podOf("p", "r1", { ports: '{"9000":23456}' }),
      endpoints: [{ host: "10.0.0.1", port: 23456 }],
    },
    {
      title: "a pod whose record is broken",
      pod: podOf("p", "r1", { ports: "{" }),
      endpoints: [{ host: "10.0.0.1", port: 9000 }],
    },
    { title: "no pod that is not ready", pod: podOf("p", "r1", { ready: false }), endpoints: [] },
    { title: "no pod that is going", pod: podOf("p", "r1", { deleted: true }), endpoints: [] },
    { title: "no pod of another revision", pod: podOf("p", "r2"), endpoints: [] },
  ];
  for (const { title, pod, endpoints: expected } of cases)
    it(title, () => assert.deepEqual(endpoints([pod]), expected));

  it("takes shares from splits, bounds from the revision, and tries paths that ask for more first", () => {
    const ingress = ingressOf("app", [
      { serviceName: "r1", percent: 80 },
      { serviceName: "r2", percent: 20 },
    ]);
    ingress.spec.rules?.[0]?.http?.paths.push({
      headers: { "Knative-Serving-Tag": { exact: "t" } },
      splits: [{ serviceName: "r2", serviceNamespace: ns, servicePort: 80 }],
    });
    const revision = {
      ...{ apiVersion: "serving.knative.dev/v1", kind: "Revision", metadata: { name: "r1", namespace: ns } },
      spec: { timeoutSeconds: 7, containerConcurrency: 3, containers: [] },
    } as unknown as Revision;
    const table = planTable({ ingresses: [ingress], revisions: [revision], pods: [] });
    const paths = table.hosts["app.default.apps.localhost"] ?? [];
    assert.deepEqual(
      paths.map(({ splits }) => splits.map(({ revision, percent }) => `${revision} ${percent}`)),
      [["default/r2 100"], ["default/r1 80", "default/r2 20"]],
    );
    assert.deepEqual(table.revisions["default/r1"], { endpoints: [], timeoutSeconds: 7, containerConcurrency: 3 });
    assert.deepEqual(table.revisions["default/r2"], { endpoints: [], timeoutSeconds: 300, containerConcurrency: 0 });
  });

  it("leaves a host to the ingress that had it first", () => {
    const [old, young] = [ingressOf("app", [{ serviceName: "r1" }]), ingressOf("app", [{ serviceName: "r2" }])];
    young.metadata.creationTimestamp = "2026-02-01T00:00:00Z";
    const table = planTable({ ingresses: [young, old], revisions: [], pods: [] });
    assert.equal(table.hosts["app.default.apps.localhost"]?.[0]?.splits[0]?.revision, "default/r1");
  });
});

describe("matchRoute", () => {
  it("does not take inherited names for hosts, and ends a circle of rewrites", () => {
    const table: RouteTable = {
      hosts: { a: [{ splits: [], rewriteHost: "b" }], b: [{ splits: [], rewriteHost: "a" }] },
      revisions: {},
    };
    const facts = { path: "/", header: () => undefined };
    assert.equal(matchRoute(table, { host: "a", ...facts }), undefined);
    assert.equal(matchRoute(table, { host: "constructor", ...facts }), undefined);
  });
});

describe("startRouteSync", () => {
  it("pushes tables as objects change, and marks a KIngress ready only when the gateway has it", async () => {
    const directory = await mkdtemp(join(tmpdir(), "slipway-routes-"));
    const api = await startApiServer({ store: memoryStore(), dataDir: directory, port: 0 });
    const client = new KubeClient(api.transport());
    const cache = new ObjectCache(client);
    for (const kind of [Ingress, Revision])
      await client.create(CustomResourceDefinition, toCustomResourceDefinition(kind as Resource) as never);
    const tables: RouteTable[] = [];
    const waiting: { test: (table: RouteTable) => boolean; resolve: () => void }[] = [];
    let accept = Promise.withResolvers<void>();
    accept.resolve();
    const update = async (table: RouteTable): Promise<void> => {
      tables.push(table);
      for (const { test, resolve } of waiting) if (test(table)) resolve();
      await accept.promise;
    };
    const tableWith = (test: (table: RouteTable) => boolean): Promise<void> =>
      new Promise((resolve) => {
        if (tables.some(test)) resolve();
        else waiting.push({ test, resolve });
      });
    const sync = await startRouteSync({ cache, gateway: { update }, clock: () => new Date("2026-01-01T00:00:00Z") });
    accept = Promise.withResolvers<void>();
    const { spec, metadata } = ingressOf("app", [{ serviceName: "r1" }]);
    await client.create(Ingress, { metadata: { name: metadata.name, namespace: ns }, spec });
    await tableWith(({ hosts }) => "app.default.apps.localhost" in hosts);
    assert.equal(isTrue(await client.get(Ingress, "app", ns)), false, "the gateway has not taken the table yet");
    const ready = new Promise<void>((resolve) => {
      cache.informer(Ingress).subscribe(({ object }) => {
        if (isTrue(object)) resolve();
      });
    });
    accept.resolve();
    await ready;
    const confirmed = await client.get(Ingress, "app", ns);
    assert.deepEqual(confirmed?.status?.publicLoadBalancer, { ingress: [{ ip: "127.0.0.1" }] });
    assert.equal(confirmed?.status?.observedGeneration, confirmed?.metadata.generation);
    const pod = podOf("p", "r1");
    await client.create(Pod, {
      metadata: pod.metadata,
      spec: { containers: [{ name: "c", image: "x", ports: [{ containerPort: 9000 }] }] },
    });
    await client.patch(
      Pod,
      { name: "p", namespace: ns },
      { type: "merge", body: { status: pod.status } },
      { subresource: "status" },
    );
    await tableWith(({ revisions }) => revisions["default/r1"]?.endpoints[0]?.port === 9000);
    sync.close();
    cache.close();
    await api.close();
    await rm(directory, { recursive: true });
  });
});
