import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Pod, PodSpec, Service } from "#api/builtin/types.gen.ts";
import { hostsFile, resolverFile, serviceHosts } from "./name-files.ts";
import { serviceVariables } from "./service-links.ts";

const podOf = (spec: Partial<PodSpec> = {}): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web-1", namespace: "ns" },
  spec: { containers: [{ name: "c" }], ...spec },
});
const HOST = "nameserver 192.0.2.53\nsearch corp.example\noptions timeout:1 rotate\n";
const dns = { address: "10.96.0.10", domain: "cluster.local" };
const CLUSTER =
  "search ns.svc.cluster.local svc.cluster.local cluster.local corp.example\nnameserver 10.96.0.10\noptions ndots:5\n";
const MACHINE = "search corp.example\nnameserver 192.0.2.53\noptions timeout:1 rotate\n";

describe("resolverFile", () => {
  for (const [what, spec, expected] of [
    ["ClusterFirst by default", {}, CLUSTER],
    ["the machine's with hostNetwork", { hostNetwork: true }, MACHINE],
    ["ClusterFirstWithHostNet", { hostNetwork: true, dnsPolicy: "ClusterFirstWithHostNet" }, CLUSTER],
    ["Default", { dnsPolicy: "Default" }, MACHINE],
    [
      "None with dnsConfig",
      { dnsPolicy: "None", dnsConfig: { nameservers: ["192.0.2.1"], options: [{ name: "edns0" }] } },
      "nameserver 192.0.2.1\noptions edns0\n",
    ],
    [
      "dnsConfig merged, options by name",
      {
        dnsConfig: {
          nameservers: ["192.0.2.1", "10.96.0.10"],
          searches: ["extra.example", "cluster.local"],
          options: [{ name: "ndots", value: "2" }, { name: "rotate" }],
        },
      },
      "search ns.svc.cluster.local svc.cluster.local cluster.local corp.example extra.example\n" +
        "nameserver 10.96.0.10\nnameserver 192.0.2.1\noptions ndots:2 rotate\n",
    ],
  ] as const)
    it(what, () => assert.deepEqual(resolverFile(podOf(spec as never), HOST, dns), { text: expected, problems: [] }));

  it("is the machine's where there is no DNS server", () =>
    assert.equal(resolverFile(podOf(), HOST, undefined).text, MACHINE));

  it("leaves out what is too much, and says so", () => {
    const nameservers = ["192.0.2.1", "192.0.2.2", "192.0.2.3"];
    const searches = Array.from({ length: 40 }, (_, index) => `s${index}.example`);
    const { text, problems } = resolverFile(podOf({ dnsConfig: { nameservers, searches } }), HOST, dns);
    assert.equal(text.match(/^nameserver/gm)?.length, 3);
    assert.equal(/^search (.*)$/m.exec(text)?.[1]?.split(" ").length, 32);
    assert.deepEqual(
      problems.map((problem) => problem.split(" limits were exceeded")[0]),
      ["Nameserver", "Search Line"],
    );
  });
});

describe("hostsFile", () => {
  const domain = "cluster.local";
  it("has the pod's names, aliases and Services", () => {
    const pod = podOf({ hostname: "db-0", subdomain: "db", hostAliases: [{ ip: "192.0.2.9", hostnames: ["a", "b"] }] });
    const text = hostsFile({ pod, podIP: "10.88.0.3", domain, host: "", services: ["127.64.1.1\tweb"] });
    assert.match(text, /^# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n/);
    assert.match(
      text,
      /\n10.88.0.3\tdb-0.db.ns.svc.cluster.local\tdb-0\n\n# Entries added by HostAliases.\n192.0.2.9\ta\tb\n/,
    );
    assert.match(text, /\n\n# Services.\n127.64.1.1\tweb\n$/);
  });

  it("is the machine's in the host's network", () => {
    const input = { pod: podOf({ hostNetwork: true }), podIP: "", domain, host: "192.0.2.2\tme\n", services: [] };
    assert.equal(hostsFile(input), "# Kubernetes-managed hosts file (host network).\n192.0.2.2\tme\n");
  });
});

const service = (name: string, namespace: string, spec: Service["spec"]): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, namespace },
  spec: spec ?? {},
});
const services = [
  service("kubernetes", "default", { clusterIP: "10.96.0.1", ports: [{ name: "https", port: 443 }] }),
  service("my-db", "ns", {
    clusterIP: "10.96.1.1",
    ports: [
      { name: "sql", port: 5432 },
      { port: 53, protocol: "UDP" },
    ],
  }),
  service("none", "ns", { clusterIP: "None", ports: [{ port: 1 }] }),
  service("other", "elsewhere", { clusterIP: "10.96.1.2", ports: [{ port: 1 }] }),
];
const same = (ip: string, port: number) => ({ ip, port });

describe("serviceVariables", () => {
  it("names the Services of the namespace and the API", () =>
    assert.deepEqual(serviceVariables(podOf(), services, same), {
      MY_DB_SERVICE_HOST: "10.96.1.1",
      MY_DB_SERVICE_PORT: "5432",
      MY_DB_SERVICE_PORT_SQL: "5432",
      MY_DB_PORT: "tcp://10.96.1.1:5432",
      MY_DB_PORT_5432_TCP: "tcp://10.96.1.1:5432",
      MY_DB_PORT_5432_TCP_PROTO: "tcp",
      MY_DB_PORT_5432_TCP_PORT: "5432",
      MY_DB_PORT_5432_TCP_ADDR: "10.96.1.1",
      MY_DB_PORT_53_UDP: "udp://10.96.1.1:53",
      MY_DB_PORT_53_UDP_PROTO: "udp",
      MY_DB_PORT_53_UDP_PORT: "53",
      MY_DB_PORT_53_UDP_ADDR: "10.96.1.1",
      KUBERNETES_SERVICE_HOST: "10.96.0.1",
      KUBERNETES_SERVICE_PORT: "443",
      KUBERNETES_SERVICE_PORT_HTTPS: "443",
      KUBERNETES_PORT: "tcp://10.96.0.1:443",
      KUBERNETES_PORT_443_TCP: "tcp://10.96.0.1:443",
      KUBERNETES_PORT_443_TCP_PROTO: "tcp",
      KUBERNETES_PORT_443_TCP_PORT: "443",
      KUBERNETES_PORT_443_TCP_ADDR: "10.96.0.1",
    }));

  it("names the API alone without service links, at the place where it is reached", () => {
    const elsewhere = (ip: string) => ({ ip: ip.replace("10.96", "127.64"), port: 20_000 });
    const variables = serviceVariables(podOf({ enableServiceLinks: false }), services, elsewhere);
    assert.ok(Object.keys(variables).every((name) => name.startsWith("KUBERNETES_")));
    assert.equal(variables.KUBERNETES_PORT, "tcp://127.64.0.1:20000");
    assert.equal(variables.KUBERNETES_PORT_443_TCP_PORT, "20000");
  });
});

it("serviceHosts names Services as pods of the namespace call them", () =>
  assert.deepEqual(serviceHosts(services, { namespace: "ns", domain: "cluster.local", addressOf: same }).slice(1), [
    "10.96.1.1\tmy-db.ns.svc.cluster.local\tmy-db.ns.svc\tmy-db.ns\tmy-db",
    "10.96.1.2\tother.elsewhere.svc.cluster.local\tother.elsewhere.svc\tother.elsewhere",
  ]));
