import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Correlator } from "./correlator.ts";

const start = Date.parse("2026-01-01T00:00:00Z");
const at = (seconds: number): Date => new Date(start + seconds * 1000);

describe("the correlator of events", () => {
  test("counts what is said again", () => {
    const correlator = new Correlator();
    const happening = { subject: "a", kind: "Normal/Made", message: "m" };
    assert.equal(correlator.observe(happening, at(0))?.count, 1);
    const again = correlator.observe(happening, at(5));
    assert.deepEqual([again?.count, again?.first], [2, at(0)]);
    assert.equal(correlator.observe({ ...happening, subject: "b" }, at(5))?.count, 1);
  });

  test("sums up from the tenth different message of a kind on", () => {
    const correlator = new Correlator();
    const said = Array.from({ length: 12 }, (_, number) => {
      const sighting = correlator.observe({ subject: "a", kind: "Normal/Made", message: `pod ${number}` }, at(0));
      return `${sighting?.count} ${sighting?.message}`;
    });
    assert.equal(said[8], "1 pod 8");
    assert.deepEqual(said.slice(9), [
      "1 (combined from similar events): pod 9",
      "2 (combined from similar events): pod 10",
      "3 (combined from similar events): pod 11",
    ]);
    const later = correlator.observe({ subject: "a", kind: "Normal/Made", message: "pod 12" }, at(700));
    assert.equal(later?.message, "pod 12", "after ten quiet minutes they are told one by one again");
  });

  test("a subject may say 25 things at once, and then one in five minutes", () => {
    const correlator = new Correlator();
    const tell = (number: number, seconds: number): boolean =>
      correlator.observe({ subject: "a", kind: `Normal/${number}`, message: "m" }, at(seconds)) !== undefined;
    assert.deepEqual(
      Array.from({ length: 26 }, (_, number) => tell(number, 0)).map((told, number) => told === number < 25),
      Array.from({ length: 26 }, () => true),
    );
    assert.deepEqual([tell(27, 299), tell(28, 310), tell(29, 310)], [false, true, false]);
  });
});

test("what is one too many does not show in what waits to be written", () => {
  const correlator = new Correlator();
  const now = new Date("2026-01-01T00:00:00Z");
  const same = { subject: "x", kind: "Normal/Same", message: "again" };
  const told = Array.from({ length: 30 }, () => correlator.observe(same, now)).filter((one) => one !== undefined);
  assert.equal(told.length, 25);
  assert.equal(told.at(-1)?.count, 25);
});
