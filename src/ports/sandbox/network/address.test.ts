import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatAddress, overlaps, parseAddress, parseBlock, parseRoutes } from "./address.ts";

describe("addresses", () => {
  for (const text of ["0.0.0.0", "10.96.0.1", "127.0.0.1", "255.255.255.255"])
    it(`${text} is read and written`, () => assert.equal(formatAddress(parseAddress(text) ?? -1), text));
  for (const text of ["", "10.96.0", "10.96.0.256", "::1", "10.96.0.1/16", "a.b.c.d"])
    it(`${JSON.stringify(text)} is no address`, () => assert.equal(parseAddress(text), undefined));
  for (const text of ["10.0.0.0", "10.0.0.0/33", "x/8", "10.0.0.0/-1"])
    it(`${text} is no block`, () => assert.throws(() => parseBlock(text), /not an IPv4 range/));
});

describe("overlaps", () => {
  for (const [left, right, expected] of [
    ["10.96.0.0/16", "10.0.0.0/8", true],
    ["10.0.0.0/8", "10.96.0.0/16", true],
    ["10.96.0.0/16", "10.97.0.0/16", false],
    ["10.96.4.0/24", "10.96.0.0/16", true],
    ["192.168.0.0/32", "192.168.0.1/32", false],
  ] as const)
    it(`${left} and ${right}: ${expected}`, () =>
      assert.equal(overlaps(parseBlock(left), parseBlock(right)), expected));
});

it("parseRoutes reads the kernel's table without its default routes", () => {
  const table = [
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT",
    "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0",
    "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0",
    "tun0\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0",
    "sw-x\t0200600A\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0",
    "",
  ].join("\n");
  const routes = parseRoutes(table).map(({ device, base, bits }) => `${device} ${formatAddress(base)}/${bits}`);
  assert.deepEqual(routes, ["eth0 192.0.2.0/24", "tun0 10.0.0.0/8", "sw-x 10.96.0.2/32"]);
});
