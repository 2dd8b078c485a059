/** Values as Go's yaml.v3 writes them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { renderGoYaml } from "./go-yaml.ts";

const ROWS: [value: unknown, text: string][] = [
  ["https://git.example/web", "https://git.example/web\n"],
  ["main@sha1:0a", "main@sha1:0a\n"],
  ["", '""\n'],
  ["123", '"123"\n'],
  ["1e3", '"1e3"\n'],
  ["true", '"true"\n'],
  ["yes", '"yes"\n'],
  ["null", '"null"\n'],
  ["1:20", '"1:20"\n'],
  ["2020-01-01", '"2020-01-01"\n'],
  ["a: b", "'a: b'\n"],
  ["it's # not", "'it''s # not'\n"],
  ["it's", "it's\n"],
  [" a", "' a'\n"],
  ["a\tb", '"a\\tb"\n'],
  ["a\nb", "|-\n    a\n    b\n"],
  ["a\nb\n", "|\n    a\n    b\n"],
  ["a\n\n", "|+\n    a\n\n"],
  [" a\nb\n", "|4\n     a\n    b\n"],
  ["a\n\tb", "|-\n    a\n    \tb\n"],
  ["a \nb", '"a \\nb"\n'],
  [null, "null\n"],
  [12, "12\n"],
  [1.5, "1.5\n"],
  [false, "false\n"],
  [[], "[]\n"],
  [{}, "{}\n"],
  [["a", ["b", "c"], { d: 1, e: { f: 2 } }], "- a\n- - b\n  - c\n- d: 1\n  e:\n    f: 2\n"],
  [
    { b: { list: [{ name: "x", ports: [80], env: {} }], none: [] }, a: "1" },
    'a: "1"\nb:\n    list:\n        - env: {}\n          name: x\n          ports:\n            - 80\n    none: []\n',
  ],
  [{ text: "a\nb\n", list: ["c\nd"] }, "list:\n    - |-\n      c\n      d\ntext: |\n    a\n    b\n"],
  [{ a10: 1, a9: 1, B: 1, _a: 1, "1": 1 }, '_a: 1\n"1": 1\nB: 1\na9: 1\na10: 1\n'],
];

for (const [value, text] of ROWS)
  test(`yaml of ${JSON.stringify(value)}`, () => assert.equal(renderGoYaml(value), text));
