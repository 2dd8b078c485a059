/** Answers about the names of a cluster (Kubernetes DNS specification 1.1.0). */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { entryOf } from "../testkit.ts";
import { type RecordData, TYPE } from "./message.ts";
import { Zone } from "./zone.ts";

const ports = [{ name: "http", port: 80, targetPort: 8080 }];
const ready = { ip: "10.88.0.3", hostname: "db-0" };
const unready = { ip: "10.88.0.4", hostname: "db-1", conditions: { ready: false } };
const nameless = { ip: "10.88.0.5" };
const headless = { clusterIP: "None", clusterIPs: ["None"], ports };
const entries = [
  entryOf("web", { clusterIP: "10.96.1.1", clusterIPs: ["10.96.1.1"], ports }, [nameless]),
  entryOf("db", headless, [ready, unready, nameless]),
  entryOf("early", { ...headless, publishNotReadyAddresses: true }, [unready]),
  entryOf("empty", headless, [unready]),
  entryOf("six", headless, [{ ip: "fd00::1:2" }]),
  entryOf("elsewhere", { type: "ExternalName", externalName: "Example.com" }),
];

const zone = new Zone({
  domain: "cluster.local",
  serverAddress: "10.96.0.10",
  ranges: ["10.96.0.0/16", "10.88.0.0/16"],
  service: (namespace, name) =>
    namespace === "default" ? entries.find(({ service }) => service.metadata.name === name) : undefined,
  servicesAt: (address) =>
    entries.filter(
      ({ service, slices }) =>
        service.spec?.clusterIPs?.includes(address) ||
        slices.some(({ endpoints = [] }) => endpoints.some(({ addresses }) => addresses.includes(address))),
    ),
  hasNamespace: (name) => name === "default",
});

/** `NXDOMAIN`, `NODATA`, or the data of the answers. */
function ask(name: string, type: keyof typeof TYPE = "A"): string {
  const answer = zone.answer({ name: name.split("."), type: TYPE[type], class: 1 });
  if (!answer) return "not ours";
  if (answer.answers.length > 0) return answer.answers.map(({ data }) => show(data)).join(" ");
  assert.equal(answer.authorities[0]?.data.type, "SOA");
  return answer.rcode === 3 ? "NXDOMAIN" : "NODATA";
}

function show(data: RecordData): string {
  if ("address" in data) return data.address;
  if (data.type === "SRV") return `${data.priority}/${data.weight}/${data.port}/${data.target.join(".")}`;
  if (data.type === "TXT") return data.texts.join();
  return "target" in data ? data.target.join(".") : data.type;
}

describe("Zone", () => {
  const S = "default.svc.cluster.local";
  for (const [name, type, expected] of [
    [`web.${S}`, "A", "10.96.1.1"],
    [`WEB.Default.SVC.cluster.LOCAL`, "A", "10.96.1.1"],
    [`web.${S}`, "AAAA", "NODATA"],
    [`web.${S}`, "ANY", "10.96.1.1"],
    [`x.web.${S}`, "A", "NXDOMAIN"],
    [`none.${S}`, "A", "NXDOMAIN"],
    [`web.other.svc.cluster.local`, "A", "NXDOMAIN"],
    [`_http._tcp.web.${S}`, "SRV", `0/100/80/web.${S}`],
    [`_http._udp.web.${S}`, "SRV", "NXDOMAIN"],
    [`_http._tcp.web.${S}`, "A", "NODATA"],
    [`_tcp.web.${S}`, "SRV", "NODATA"],
    [`db.${S}`, "A", "10.88.0.3 10.88.0.5"],
    [`db-0.db.${S}`, "A", "10.88.0.3"],
    [`db-1.db.${S}`, "A", "NXDOMAIN"],
    [`10-88-0-5.db.${S}`, "A", "10.88.0.5"],
    [`_http._tcp.db.${S}`, "SRV", `0/50/8080/db-0.db.${S} 0/50/8080/10-88-0-5.db.${S}`],
    [`early.${S}`, "A", "10.88.0.4"],
    [`db-1.early.${S}`, "A", "10.88.0.4"],
    [`empty.${S}`, "A", "NXDOMAIN"],
    [`six.${S}`, "AAAA", "fd00::1:2"],
    [`six.${S}`, "A", "NODATA"],
    [`elsewhere.${S}`, "A", "example.com"],
    [`elsewhere.${S}`, "AAAA", "example.com"],
    [`x.elsewhere.${S}`, "A", "NXDOMAIN"],
    ["10-1-2-3.default.pod.cluster.local", "A", "10.1.2.3"],
    ["10-1-2-3.default.pod.cluster.local", "AAAA", "NODATA"],
    ["10-1-2-300.default.pod.cluster.local", "A", "NXDOMAIN"],
    ["10-1-2-3.other.pod.cluster.local", "A", "NXDOMAIN"],
    ["default.svc.cluster.local", "A", "NODATA"],
    ["other.svc.cluster.local", "A", "NXDOMAIN"],
    ["svc.cluster.local", "A", "NODATA"],
    ["cluster.local", "SOA", "SOA"],
    ["cluster.local", "NS", "ns.dns.cluster.local"],
    ["ns.dns.cluster.local", "A", "10.96.0.10"],
    ["dns-version.cluster.local", "TXT", "1.1.0"],
    ["example.com.cluster.local", "A", "NXDOMAIN"],
    ["1.1.96.10.in-addr.arpa", "PTR", `web.${S}`],
    ["3.0.88.10.in-addr.arpa", "PTR", `db-0.db.${S}`],
    ["5.0.88.10.in-addr.arpa", "PTR", "NXDOMAIN"],
    ["9.9.96.10.in-addr.arpa", "PTR", "NXDOMAIN"],
    ["1.2.0.192.in-addr.arpa", "PTR", "not ours"],
    ["example.com", "A", "not ours"],
    ["local", "A", "not ours"],
  ] as const)
    it(`${type} ${name}: ${expected}`, () => assert.equal(ask(name, type), expected));

  it("gives the addresses of what an SRV record points at", () => {
    const answer = zone.answer({ name: `_http._tcp.db.${S}`.split("."), type: TYPE.SRV, class: 1 });
    assert.deepEqual(
      answer?.additionals.map(({ name, data }) => `${name[0]} ${show(data)}`),
      ["db-0 10.88.0.3", "10-88-0-5 10.88.0.5"],
    );
  });
});
