// Scalars are what Go programs take them for, in files and in bodies of requests alike.
import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { parseYaml, renderYaml } from "./yaml.ts";

const SCALARS: [text: string, value: unknown][] = [
  ["yes", true],
  ["off", false],
  ["~", null],
  ["0x1F", 31],
  ["017", 15],
  ["0o17", 15],
  ["-0o17", -15],
  ["0b11", 3],
  ["1_000", 1000],
  ["1.50", 1.5],
  [".5", 0.5],
  ["1e3", 1000],
  ["22:22", "22:22"],
  ["2020-01-01", "2020-01-01"],
  ["2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z"],
  [".", "."],
  ["e5", "e5"],
  ["1.2.3", "1.2.3"],
];

for (const [text, value] of SCALARS) test(`reads ${text}`, () => deepEqual(parseYaml(`a: ${text}`), [{ a: value }]));

test("a point is a key", () => deepEqual(parseYaml("f:data:\n  .: {}\n"), [{ "f:data": { ".": {} } }]));

for (const text of ["0o17", "yes", "1e3", "22:22", "2020-01-01", "~"])
  test(`writes the text ${text} in quotes`, () => equal(renderYaml({ a: text }), `a: "${text}"\n`));
