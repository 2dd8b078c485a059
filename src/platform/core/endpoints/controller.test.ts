import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type * as k8s from "#api/builtin/types.gen.ts";
import { runPass } from "#engine/controller/testkit.ts";
import { endpointsController } from "./controller.ts";

function service(spec: Partial<k8s.ServiceSpec> = {}): k8s.Service {
  const ports = [{ name: "http", port: 80, targetPort: 8080 }];
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "web", namespace: "default", uid: "s1", labels: { team: "a" } },
    spec: { selector: { app: "web" }, clusterIP: "10.1.0.1", ports, ...spec },
  };
}

type PodOptions = {
  ready?: boolean;
  deleted?: boolean;
  phase?: string;
  ip?: string;
  recorded?: string;
  label?: string;
};

function pod(name: string, options: PodOptions = {}, spec: Partial<k8s.PodSpec> = {}): k8s.Pod {
  const { ready = true, deleted, phase = "Running", ip = "10.0.0.1", recorded, label = "web" } = options;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: "default",
      uid: name,
      labels: { app: label },
      ...(deleted && { deletionTimestamp: "2026-01-01T00:00:00Z" }),
      ...(recorded && { annotations: { "slipway.dev/ports": recorded } }),
    },
    spec: { nodeName: "n1", containers: [{ name: "c", ports: [{ name: "web", containerPort: 8080 }] }], ...spec },
    status: { phase, podIP: ip, conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
  };
}

const node = {
  apiVersion: "v1",
  kind: "Node",
  metadata: { name: "n1", labels: { "topology.kubernetes.io/zone": "z1" } },
};

async function pass(...world: object[]) {
  const { writes } = await runPass(endpointsController(), { world: [node, ...world], key: "default/web" });
  const objects = (kind: string) => writes.filter(({ key }) => key.startsWith(`${kind} `)).map(({ object }) => object);
  return {
    writes,
    slices: objects("EndpointSlice") as k8s.EndpointSlice[],
    endpoints: objects("Endpoints")[0] as k8s.Endpoints | undefined,
  };
}

const conditionsOf = ({ endpoints = [] }: Partial<k8s.EndpointSlice> = {}) =>
  endpoints.map(({ targetRef, conditions: { ready, serving, terminating } = {} }) => [
    targetRef?.name,
    [ready && "ready", serving && "serving", terminating && "terminating"].filter(Boolean).join(),
  ]);

describe("the endpoints of a Service", () => {
  test("one slice with its labels, and the Endpoints object", async () => {
    const { slices, endpoints } = await pass(service(), pod("a"), pod("b", { ready: false, ip: "10.0.0.2" }));
    const [slice] = slices;
    assert.match(slice?.metadata.name ?? "", /^web-.{5}$/);
    assert.deepEqual(slice?.metadata.labels, {
      team: "a",
      "kubernetes.io/service-name": "web",
      "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
    });
    assert.deepEqual(slice?.ports, [{ name: "http", protocol: "TCP", port: 8080 }]);
    assert.deepEqual(slice?.endpoints?.[0], {
      addresses: ["10.0.0.1"],
      conditions: { ready: true, serving: true, terminating: false },
      targetRef: { kind: "Pod", name: "a", namespace: "default", uid: "a" },
      nodeName: "n1",
      zone: "z1",
    });
    const [subset] = endpoints?.subsets ?? [];
    assert.deepEqual(
      [subset?.addresses?.map(({ ip }) => ip), subset?.notReadyAddresses?.map(({ ip }) => ip), subset?.ports],
      [["10.0.0.1"], ["10.0.0.2"], [{ name: "http", protocol: "TCP", port: 8080 }]],
    );
  });

  test("what becomes of pods in each state", async () => {
    const pods = [
      pod("a"),
      pod("b", { ready: false }),
      pod("c", { deleted: true }),
      pod("d", { deleted: true, ready: false }),
      pod("e", { phase: "Succeeded" }),
      pod("f", { ip: "" }),
      pod("g", { label: "other" }),
    ];
    const rows: [Partial<k8s.ServiceSpec>, string[][]][] = [
      [
        {},
        [
          ["a", "ready,serving"],
          ["b", ""],
          ["c", "serving,terminating"],
          ["d", "terminating"],
        ],
      ],
      [
        { publishNotReadyAddresses: true },
        [
          ["a", "ready,serving"],
          ["b", "ready"],
          ["c", "ready,serving,terminating"],
          ["d", "ready,terminating"],
        ],
      ],
    ];
    for (const [spec, expected] of rows)
      assert.deepEqual(conditionsOf((await pass(service(spec), ...pods)).slices[0]), expected);
  });

  test("named ports, and pods that share the host's network", async () => {
    const named = service({ ports: [{ name: "http", port: 80, targetPort: "web" }] });
    const other = { containers: [{ name: "c", ports: [{ name: "web", containerPort: 9090 }] }] };
    const world = [
      pod("a"),
      pod("b", {}, other),
      pod("c", { recorded: '{"8080":41001}' }),
      pod("d", {}, { containers: [] }),
    ];
    const { slices } = await pass(named, ...world);
    assert.deepEqual(
      slices.map(({ ports = [], endpoints = [] }) => [
        ports[0]?.port,
        endpoints.map(({ targetRef }) => targetRef?.name),
      ]),
      [
        [8080, ["a"]],
        [9090, ["b"]],
        [41001, ["c"]],
        [undefined, ["d"]],
      ],
    );
  });

  test("headless: host names of pods that ask for this Service as their subdomain", async () => {
    const headless = service({ clusterIP: "None", ports: [] });
    const { slices } = await pass(
      headless,
      pod("a", {}, { hostname: "a", subdomain: "web" }),
      pod("b", {}, { hostname: "b", subdomain: "x" }),
    );
    assert.equal(slices[0]?.metadata.labels?.["service.kubernetes.io/headless"], "");
    assert.deepEqual(
      slices[0]?.endpoints?.map(({ hostname }) => hostname),
      ["a", undefined],
    );
  });

  test("at most 100 in a slice; endpoints stay where they are, and nothing is written twice", async () => {
    const pods = Array.from({ length: 250 }, (_, at) => pod(`p${String(at).padStart(3, "0")}`));
    const first = await pass(service(), ...pods);
    assert.deepEqual(
      first.slices.map(({ endpoints }) => endpoints?.length),
      [100, 100, 50],
    );
    const written = [...first.slices, first.endpoints ?? {}];
    assert.deepEqual((await pass(service(), ...pods, ...written)).writes, []);
    const { writes } = await pass(service(), ...pods.filter((_, at) => at !== 120), ...written);
    assert.deepEqual(
      writes.map(({ verb, key }) => `${verb} ${key}`),
      [`apply EndpointSlice default/${first.slices[1]?.metadata.name}`, "apply Endpoints default/web"],
    );
  });

  test("an empty Service has one empty slice; those that are not needed go", async () => {
    const { slices } = await pass(service());
    assert.deepEqual(
      slices.map(({ endpoints, ports }) => [endpoints, ports]),
      [[[], []]],
    );
    const old = {
      ...slices[0],
      metadata: { ...slices[0]?.metadata, name: "web-old" },
      ports: [{ name: "x", port: 1, protocol: "TCP" }],
    };
    const { writes } = await pass(service(), old, pod("a"));
    assert.ok(writes.some(({ verb, key }) => verb === "delete" && key === "EndpointSlice default/web-old"));
  });

  test("leaves Services without selector and ExternalName alone", async () => {
    assert.deepEqual((await pass(service({ selector: {} }), pod("a"))).writes, []);
    assert.deepEqual((await pass(service({ type: "ExternalName" }), pod("a"))).writes, []);
  });
});
