import { equal } from "node:assert/strict";
import { test } from "node:test";
import { validate } from "./validate.ts";

const CASES: [pattern: string, value: string, matches: boolean][] = [
  ["^[a-z]+$", "abc", true],
  ["^[a-z]+$", "ABC", false],
  ["(?i)^abc$", "ABC", true],
  ["^[[:alpha:]]+$", "abC", true],
  ["^[[:digit:]]+$", "a", false],
  ["\\Aab\\z", "ab", true],
  ["^[\\w\\-\\:]+$", "a-b:c", true],
  ["^[\\w\\-\\:]+$", "a b", false],
  ["(?P<name>[", "anything: JavaScript cannot say it", true],
];

for (const [pattern, value, matches] of CASES)
  test(`${pattern} on ${value}`, () => equal(validate({ type: "string", pattern }, value).length === 0, matches));
