/** The DNS codec: what is written is read back, and no bytes do harm. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { DnsFormatError, decodeMessage } from "./decode.ts";
import { encodeMessage, encodeWithin } from "./encode.ts";
import type { Message, RecordData } from "./message.ts";

const uint16 = fc.integer({ min: 0, max: 0xffff });
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const bytes = (most: number) => fc.uint8Array({ maxLength: most });
const text = (least: number, most: number) =>
  fc.uint8Array({ minLength: least, maxLength: most }).map((array) => Buffer.from(array).toString("latin1"));
/** Few different labels, so that names share their ends. */
const label = fc.oneof(fc.constantFrom("web", "default", "svc", "cluster", "local"), text(1, 12));
const name = fc.array(label, { maxLength: 6 });

const data: fc.Arbitrary<RecordData> = fc.oneof(
  fc.record({ type: fc.constant("A" as const), address: fc.ipV4() }),
  fc.record({
    type: fc.constant("AAAA" as const),
    address: fc.array(uint16, { minLength: 8, maxLength: 8 }).map((all) => all.map((n) => n.toString(16)).join(":")),
  }),
  fc.record({ type: fc.constantFrom("CNAME" as const, "NS" as const, "PTR" as const), target: name }),
  fc.record({ type: fc.constant("SRV" as const), priority: uint16, weight: uint16, port: uint16, target: name }),
  fc.record({ type: fc.constant("TXT" as const), texts: fc.array(text(0, 40), { maxLength: 3 }) }),
  fc.record({
    type: fc.constant("SOA" as const),
    server: name,
    mailbox: name,
    serial: uint32,
    refresh: uint32,
    retry: uint32,
    expire: uint32,
    minimum: uint32,
  }),
  fc.record({ type: fc.constant("other" as const), code: fc.constantFrom(15, 43, 65), bytes: bytes(30) }),
);
const records = fc.array(fc.record({ name, ttl: uint32, data }), { maxLength: 5 });

const message: fc.Arbitrary<Message> = fc
  .record({
    id: uint16,
    isResponse: fc.boolean(),
    opcode: fc.integer({ min: 0, max: 15 }),
    authoritative: fc.boolean(),
    truncated: fc.boolean(),
    recursionDesired: fc.boolean(),
    recursionAvailable: fc.boolean(),
    rcode: fc.integer({ min: 0, max: 15 }),
    questions: fc.array(fc.record({ name, type: uint16, class: uint16 }), { maxLength: 2 }),
    answers: records,
    authorities: records,
    additionals: records,
    edns: fc.option(fc.record({ udpSize: uint16, version: fc.integer({ min: 0, max: 255 }) }), { nil: undefined }),
  })
  .map(({ edns, ...rest }) => ({ ...rest, ...(edns && { edns }) }));

/** Labels differ in case only where a name points at an earlier spelling of itself. */
const lower = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, field) => (typeof field === "string" ? field.toLowerCase() : field)));

describe("the codec", () => {
  it("reads what it writes", () =>
    fc.assert(
      fc.property(message, (original) =>
        assert.deepEqual(lower(decodeMessage(encodeMessage(original))), lower(original)),
      ),
    ));

  it("stays within a limit that the question fits in, and says what it left out", () =>
    fc.assert(
      fc.property(message, (original) => {
        const whole = encodeMessage(original).length;
        const short = encodeWithin(original, 512);
        if (whole <= 512) assert.equal(short.length, whole);
        else assert.equal(decodeMessage(short).truncated, true);
        assert.ok(short.length <= 512);
      }),
    ));

  it("refuses any bytes that are no message, and nothing worse happens", () =>
    fc.assert(
      fc.property(bytes(600), (input) => {
        try {
          decodeMessage(input);
        } catch (error) {
          assert.ok(error instanceof DnsFormatError, String(error));
        }
      }),
      { numRuns: 2_000 },
    ));

  it("survives damage to real messages", () =>
    fc.assert(
      fc.property(message, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 }), (original, changes) => {
        const damaged = Uint8Array.from(encodeMessage(original));
        for (const [at, value] of changes) damaged[at % damaged.length] = value;
        try {
          decodeMessage(damaged);
        } catch (error) {
          assert.ok(error instanceof DnsFormatError, String(error));
        }
      }),
      { numRuns: 2_000 },
    ));

  it("does not follow a name that points at itself", () => {
    const header = [0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    assert.throws(() => decodeMessage(Uint8Array.from([...header, 0xc0, 12, 0, 1, 0, 1])), /points forwards/);
  });
});
