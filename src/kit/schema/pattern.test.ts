import { equal } from "node:assert/strict";
import { test } from "node:test";
import { patternProblem } from "./pattern.ts";
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
  ["^\\pL+$", "äß", true],
  ["^\\p{Greek}$", "a", false],
  ["^\\Qa.b\\E$", "a.b", true],
  ["^\\Qa.b\\E$", "axb", false],
  ["^\\x{1F600}$", "😀", true],
  ["^a\\\\A$", "a\\A", true],
  ["(?P<name>[", "anything: JavaScript cannot say it", true],
];

for (const [pattern, value, matches] of CASES)
  test(`${pattern} on ${value}`, () => equal(validate({ type: "string", pattern }, value).length === 0, matches));

const PROBLEMS: [pattern: string, problem: string | undefined][] = [
  ["^a(b|c)$", undefined],
  ["(?=x)", "invalid or unsupported Perl syntax: `(?=`"],
  ["(?<!x)y", "invalid or unsupported Perl syntax: `(?<!`"],
  ["x\\1", "invalid escape sequence: `\\1`"],
  ["(x", "missing closing ): `(x`"],
  ["x)", "unexpected ): `x)`"],
];

for (const [pattern, problem] of PROBLEMS)
  test(`${pattern} is ${problem ? "no pattern" : "a pattern"}`, () => equal(patternProblem(pattern), problem));
