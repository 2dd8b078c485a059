/** Steps between sets of routes as nft scripts. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ServiceRoute } from "../services.ts";
import { NO_RULES, planRules } from "./rules.ts";

const web: ServiceRoute = {
  protocol: "tcp",
  ip: "10.96.1.1",
  port: 80,
  affinitySeconds: 0,
  endpoints: [{ ip: "10.88.0.3", port: 8080 }],
};
const two = { ...web, endpoints: [...web.endpoints, { ip: "10.88.0.4", port: 8081 }] };

/** The lines of the step, with digests numbered in the order in which they appear. */
function steps(before: readonly ServiceRoute[], after: readonly ServiceRoute[]): string[] {
  const { rules } = planRules(NO_RULES, new Map([["default/web", before]]));
  const { script } = planRules(rules, new Map([["default/web", after]]));
  const seen: string[] = [];
  const named = script.replaceAll(/(?<=-)[0-9a-f]{16}/g, (digest) => {
    if (!seen.includes(digest)) seen.push(digest);
    return String(seen.indexOf(digest) + 1);
  });
  return named.split("\n").filter(Boolean);
}

const T = "ip services";

describe("planRules", () => {
  it("makes a chain, leads to it, and remembers the endpoint", () =>
    assert.deepEqual(steps([], [{ ...web, nodePort: 30_000 }]), [
      `add chain ${T} service-1`,
      `add rule ${T} service-1 meta l4proto tcp dnat ip to 10.88.0.3:8080`,
      `add element ${T} cluster { 10.96.1.1 . tcp . 80 : goto service-1 }`,
      `add element ${T} node { tcp . 30000 : goto service-1 }`,
      `add element ${T} endpoints { 10.88.0.3 . 10.88.0.3 }`,
    ]));

  it("changes the chain alone when endpoints change", () =>
    assert.deepEqual(steps([web], [two]), [
      `flush chain ${T} service-1`,
      `add rule ${T} service-1 meta l4proto tcp dnat ip to numgen random mod 2 map { 0 : 10.88.0.3 . 8080, 1 : 10.88.0.4 . 8081 }`,
      `add element ${T} endpoints { 10.88.0.4 . 10.88.0.4 }`,
    ]));

  it("takes everything away with the last endpoint", () => {
    const gone = [
      `delete element ${T} cluster { 10.96.1.1 . tcp . 80 }`,
      `flush chain ${T} service-1`,
      `delete chain ${T} service-1`,
      `delete element ${T} endpoints { 10.88.0.3 . 10.88.0.3 }`,
    ];
    assert.deepEqual(steps([web], [{ ...web, endpoints: [] }]), gone);
    assert.deepEqual(steps([web], []), gone);
  });

  it("does nothing when nothing changes", () => {
    assert.deepEqual(steps([two], [{ ...two }]), []);
    assert.deepEqual(steps([{ ...web, endpoints: [] }], []), []);
  });

  it("moves a Service to another address", () =>
    assert.deepEqual(steps([web], [{ ...web, ip: "10.96.1.2" }]), [
      `delete element ${T} cluster { 10.96.1.1 . tcp . 80 }`,
      `add element ${T} cluster { 10.96.1.2 . tcp . 80 : goto service-1 }`,
    ]));

  it("keeps the clients of endpoints that stay", () => {
    const sticky = { ...two, affinitySeconds: 60 };
    assert.deepEqual(steps([{ ...web, affinitySeconds: 60 }], [sticky]), [
      `add set ${T} clients-1 { type ipv4_addr; flags dynamic,timeout; timeout 60s; size 65536; }`,
      `add chain ${T} endpoint-1`,
      `add rule ${T} endpoint-1 update @clients-1 { ip saddr } meta l4proto tcp dnat ip to 10.88.0.4:8081`,
      `flush chain ${T} service-2`,
      `add rule ${T} service-2 ip saddr @clients-3 goto endpoint-3`,
      `add rule ${T} service-2 ip saddr @clients-1 goto endpoint-1`,
      `add rule ${T} service-2 numgen random mod 2 vmap { 0 : goto endpoint-3, 1 : goto endpoint-1 }`,
      `add element ${T} endpoints { 10.88.0.4 . 10.88.0.4 }`,
    ]);
    const last = steps([sticky], [{ ...sticky, endpoints: two.endpoints.slice(0, 1) }]).slice(-4);
    assert.deepEqual(last, [
      `flush chain ${T} endpoint-3`,
      `delete chain ${T} endpoint-3`,
      `delete set ${T} clients-3`,
      `delete element ${T} endpoints { 10.88.0.4 . 10.88.0.4 }`,
    ]);
  });

  it("keeps an endpoint that another Service still has", () => {
    const other = { ...web, ip: "10.96.1.9" };
    const { rules } = planRules(
      NO_RULES,
      new Map([
        ["default/web", [web]],
        ["default/other", [other]],
      ]),
    );
    const step = planRules(rules, new Map([["default/web", []]]));
    assert.doesNotMatch(step.script, /endpoints/);
    assert.match(
      planRules(step.rules, new Map([["default/other", []]])).script,
      /delete element ip services endpoints/,
    );
  });
});
