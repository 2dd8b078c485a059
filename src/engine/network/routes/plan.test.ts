/** What Services and their EndpointSlices mean for routing. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type * as k8s from "#api/builtin/types.gen.ts";
import { entryOf } from "../testkit.ts";
import { planRoutes } from "./plan.ts";

const web: k8s.ServiceSpec = { clusterIPs: ["10.96.1.1"], ports: [{ name: "http", port: 80, targetPort: 8080 }] };
const one = { ip: "10.88.0.3" };
const notReady = { ip: "10.88.0.4", conditions: { ready: false, serving: false } };
const ending = { ip: "10.88.0.5", conditions: { ready: false, serving: true, terminating: true } };

/** Where the first route leads. */
function places(entry: ReturnType<typeof entryOf>): string[] {
  return (planRoutes(entry)[0]?.endpoints ?? []).map(({ ip, port }) => `${ip}:${port}`);
}

describe("planRoutes", () => {
  it("makes a route of every address and port", () =>
    assert.deepEqual(planRoutes(entryOf("web", web, [one])), [
      {
        protocol: "tcp",
        ip: "10.96.1.1",
        port: 80,
        affinitySeconds: 0,
        endpoints: [{ ip: "10.88.0.3", port: 8080 }],
      },
    ]));

  for (const [what, entry, expected] of [
    ["ready endpoints only", entryOf("web", web, [one, notReady, ending]), ["10.88.0.3:8080"]],
    ["those that end when none is ready", entryOf("web", web, [notReady, ending]), ["10.88.0.5:8080"]],
    ["nowhere when none serves", entryOf("web", web, [notReady]), []],
    [
      "all slices, each address once",
      entryOf("web", web, [one], [one, { ip: "10.88.0.9" }]),
      ["10.88.0.3:8080", "10.88.0.9:8080"],
    ],
    ["no IPv6 endpoints", entryOf("web", web, [{ ip: "fd00::1" }]), []],
    ["no endpoints that are no addresses", entryOf("web", web, [{ ip: "10.88.0.3 } ; flush ruleset" }]), []],
    [
      "no ports that slices do not have",
      entryOf("web", { ...web, ports: [{ port: 80, targetPort: "named" }] }, [one]),
      [],
    ],
  ] as const)
    it(`leads to ${what}`, () => assert.deepEqual(places(entry), expected));

  const routeless: [string, k8s.ServiceSpec][] = [
    ["a headless Service", { ...web, clusterIP: "None", clusterIPs: ["None"] }],
    ["an ExternalName", { type: "ExternalName", externalName: "example.com", ports: web.ports ?? [] }],
    ["an address that is none", { ...web, clusterIPs: ["$(reboot)"] }],
    ["an unknown protocol", { ...web, ports: [{ port: 80, protocol: "ICMP" }] }],
  ];
  for (const [what, spec] of routeless)
    it(`makes none of ${what}`, () => assert.deepEqual(planRoutes(entryOf("web", spec, [one])), []));

  it("takes the empty lists of slices as they come", () => {
    const { service, slices } = entryOf("web", web, []);
    const empty = slices.map((slice) => ({ ...slice, endpoints: null, ports: null }) as unknown as k8s.EndpointSlice);
    assert.deepEqual(places({ service, slices: empty }), []);
  });

  it("tells ports of the same number apart by protocol, and knows node ports and affinity", () => {
    const ports = [
      { name: "dns", protocol: "UDP", port: 53, targetPort: 5353, nodePort: 30_053 },
      { name: "dns-tcp", protocol: "TCP", port: 53, targetPort: 5354, nodePort: 30_054 },
    ];
    const affinity = { sessionAffinity: "ClientIP", sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } };
    const routes = planRoutes(entryOf("dns", { ...web, ...affinity, type: "NodePort", ports }, [one]));
    assert.deepEqual(
      routes.map(({ protocol, nodePort, affinitySeconds, endpoints }) => [
        protocol,
        nodePort,
        affinitySeconds,
        endpoints[0]?.port,
      ]),
      [
        ["udp", 30_053, 60, 5353],
        ["tcp", 30_054, 60, 5354],
      ],
    );
    const [plain] = planRoutes(entryOf("dns", { ...web, ports, sessionAffinity: "ClientIP" }, [one]));
    assert.deepEqual([plain?.nodePort, plain?.affinitySeconds], [undefined, 10_800]);
  });
});
