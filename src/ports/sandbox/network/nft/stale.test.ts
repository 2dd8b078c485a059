import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ServiceRoute } from "../services.ts";
import { staleConnections } from "./stale.ts";

const route = (hosts: number[], more: Partial<ServiceRoute> = {}): ServiceRoute => ({
  protocol: "udp",
  ip: "10.96.1.1",
  port: 53,
  affinitySeconds: 0,
  endpoints: hosts.map((host) => ({ ip: `10.88.0.${host}`, port: 5353 })),
  ...more,
});
const stale = (before: ServiceRoute[], after: ServiceRoute[]) =>
  staleConnections(new Map([["default/dns", before]]), new Map([["default/dns", after]]), ["10.88.0.2"]);

describe("UDP connections to forget", () => {
  for (const [what, before, after, lines] of [
    ["an endpoint is gone", [route([3, 4])], [route([4, 5])], ["10.96.1.1 53 10.88.0.4:5353 10.88.0.5:5353"]],
    ["all are gone", [route([3])], [route([])], ["10.96.1.1 53"]],
    ["the Service is gone", [route([3])], [], ["10.96.1.1 53"]],
    ["with a node port", [route([3], { nodePort: 30_053 })], [], ["10.96.1.1 53", "10.88.0.2 30053"]],
    ["an endpoint has come", [route([3])], [route([3, 4])], []],
    ["a new Service", [], [route([3])], []],
    ["TCP", [route([3], { protocol: "tcp" })], [], []],
  ] as const)
    it(what, () => assert.deepEqual(stale([...before], [...after]), lines));
});
