import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type HostRoute, parseBlock } from "./address.ts";
import { freeSubnet, PodAddresses, serviceRouteConflict } from "./subnet.ts";

const routes = (...entries: [range: string, device: string][]): HostRoute[] =>
  entries.map(([range, device]) => ({ ...parseBlock(range), device }));

describe("freeSubnet", () => {
  it("starts where the instance says, and passes over what the host has", () => {
    assert.deepEqual(freeSubnet("0", [], []), {
      range: "10.88.0.0/16",
      hostAddress: "10.88.0.1",
      routerAddress: "10.88.0.2",
      outbound: { range: "10.88.255.0/24", routerAddress: "10.88.255.100", gateway: "10.88.255.2" },
    });
    const next = freeSubnet("0", ["10.88.4.4"], routes(["10.89.1.0/24", "eth1"]));
    assert.equal(next.range, "10.90.0.0/16");
    assert.equal(freeSubnet("a1", [], []).range, "10.89.0.0/16", "161 is one more than there are");
  });

  it("says when nothing is free", () =>
    assert.throws(() => freeSubnet("0", [], routes(["10.0.0.0/8", "tun0"])), /no 10.x.0.0\/16 .* is free/));
});

it("PodAddresses gives every address once, and again when it is given back", () => {
  const addresses = new PodAddresses(freeSubnet("0", [], []));
  const [first, second] = [addresses.take(), addresses.take()];
  assert.deepEqual(
    [first, second].map((pod) => addresses.addressOf(pod)),
    ["10.88.0.3", "10.88.0.4"],
  );
  addresses.release(first);
  const taken = new Set([second]);
  while (taken.size < 65_277) taken.add(addresses.take());
  assert.ok(taken.has(first));
  assert.throws(() => addresses.take(), /all 65277 addresses/);
});

describe("serviceRouteConflict", () => {
  for (const [what, table, expected] of [
    ["nothing else", routes(["192.0.2.0/24", "eth0"]), undefined],
    ["another program of ours", routes(["10.96.0.0/16", "sw-0a1b2c3d"]), true],
    ["a network that holds the range", routes(["10.0.0.0/8", "tun0"]), false],
    ["a network inside it", routes(["10.96.7.0/24", "docker0"], ["10.96.0.0/16", "sw-0a1b2c3d"]), false],
  ] as const)
    it(`${what}: ${expected ?? "no conflict"}`, () =>
      assert.equal(serviceRouteConflict("10.96.0.0/16", table)?.isOurs, expected));
});
