import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { repeatedFields } from "./duplicates.ts";

const CASES: [text: string, repeated: string[]][] = [
  ['{"a":1,"b":[1,2,{"c":null}]}', []],
  ['{ "a" : 1 , "b" : { "c" : "x\\"y" } }\n', []],
  ['{"a":1,"a":2}', ["a"]],
  ['{"a":{"b":1,"c":2,"b":3},"d":[{"e":1,"e":1}]}', ["a.b", "d[0].e"]],
  ['{"a":1,"\\u0061":2}', ["a"]],
  ['{"a":"{\\"a\\":1}"}', []],
  ["[]", []],
  ["{}", []],
  ["[[],{},[{}]]", []],
  ['{"x":[1,[2,{"y":1,"y":true}],-1.5e3],"x":0}', ["x[1][1].y", "x"]],
];

for (const [text, repeated] of CASES)
  test(`finds repeated members of ${text.trim()}`, () => deepEqual(repeatedFields(text, JSON.parse(text)), repeated));
