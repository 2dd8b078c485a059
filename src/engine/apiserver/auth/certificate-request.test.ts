import assert from "node:assert/strict";
import { test } from "node:test";
import { pemBlocks, requestedOrganizations } from "./certificate-request.ts";
import { bits, integer, oid, sequence, set, utf8 } from "./der.ts";

function requestOf(organizations: readonly string[]): Buffer {
  const attribute = (type: string, value: string): Buffer => set(sequence(oid(type), utf8(value)));
  const subject = sequence(attribute("2.5.4.3", "jane"), ...organizations.map((value) => attribute("2.5.4.10", value)));
  const info = sequence(integer(Buffer.from([0])), subject, sequence());
  return sequence(info, sequence(), bits(Buffer.from([1])));
}

test("the organizations of a request are read, also of one that is long", () => {
  assert.deepEqual(requestedOrganizations(requestOf([])), []);
  const long = "x".repeat(300);
  assert.deepEqual(requestedOrganizations(requestOf(["a", long])), ["a", long]);
});

test("what is no request is refused wherever it ends or errs", () => {
  const request = requestOf(["a"]);
  for (let length = 0; length < request.length; length++)
    assert.throws(() => requestedOrganizations(request.subarray(0, length)), SyntaxError, `${length} bytes`);
  assert.throws(() => requestedOrganizations(Buffer.concat([request, Buffer.from([0])])), /trailing data/);
  assert.throws(() => requestedOrganizations(Buffer.from([0x30, 0x80, 0, 0])), /length/);
  assert.throws(() => requestedOrganizations(Buffer.from([0x31, 0])), /tags/);
});

test("blocks are found in the text around them", () => {
  const text = "a\n-----BEGIN ONE-----\nAAEC\n-----END ONE-----\nb\n-----BEGIN TWO-----\n/w==\n-----END TWO-----\n";
  assert.deepEqual(pemBlocks(text), [
    { label: "ONE", bytes: Buffer.from([0, 1, 2]) },
    { label: "TWO", bytes: Buffer.from([255]) },
  ]);
  assert.deepEqual(pemBlocks("none"), []);
});
