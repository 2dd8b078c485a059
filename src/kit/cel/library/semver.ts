/** Versions such as `1.2.3-rc.1`, as semver.org orders them. */
import { EvaluationError } from "../errors.ts";
import { define, type Overload } from "../overload.ts";
import { Opaque } from "../values.ts";

type Version = { readonly numbers: readonly [bigint, bigint, bigint]; readonly pre: readonly string[] };

const TYPE = "kubernetes.Semver";
type Semver = Opaque<Version>;

const NUMBER = "(0|[1-9]\\d*)";
const PRE = "(?:0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)";
const SEMVER = new RegExp(
  `^${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-(${PRE}(?:\\.${PRE})*))?(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?$`,
);

function parse(text: string, isLoose: boolean): Version | undefined {
  const match = SEMVER.exec(isLoose ? normalised(text) : text);
  if (!match) return undefined;
  const [, major = "", minor = "", patch = "", pre] = match;
  return { numbers: [BigInt(major), BigInt(minor), BigInt(patch)], pre: pre ? pre.split(".") : [] };
}

/** Without a leading `v` and leading zeros, and with the parts that are missing. */
function normalised(text: string): string {
  const [, numbers = "", rest = ""] = /^v?([\d.]*)(.*)$/s.exec(text.trim()) ?? [];
  const parts = numbers.split(".").map((part) => part.replace(/^0+(?=\d)/, ""));
  while (parts.length < 3) parts.push("0");
  return `${parts.join(".")}${rest}`;
}

function semver(text: string, isLoose = false): Semver {
  const version = parse(text, isLoose);
  if (!version) throw new EvaluationError(`invalid semantic version ${JSON.stringify(text)}`);
  return new Opaque(TYPE, [...version.numbers, ...version.pre].join("."), version);
}

function order({ content: left }: Semver, { content: right }: Semver): bigint {
  for (const at of [0, 1, 2] as const) {
    const [mine, theirs] = [left.numbers[at], right.numbers[at]];
    if (mine !== theirs) return mine < theirs ? -1n : 1n;
  }
  return orderPre(left.pre, right.pre);
}

/** What is before a release is less than it; numbers are less than words. */
function orderPre(left: readonly string[], right: readonly string[]): bigint {
  if (left.length === 0 || right.length === 0) return BigInt(Math.sign(right.length - left.length));
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const [mine, theirs] = [left[at], right[at]];
    if (mine === theirs) continue;
    if (mine === undefined || theirs === undefined) return mine === undefined ? -1n : 1n;
    const isNumber = [mine, theirs].map((part) => /^\d+$/.test(part));
    if (isNumber[0] && isNumber[1]) return BigInt(mine) < BigInt(theirs) ? -1n : 1n;
    if (isNumber[0] !== isNumber[1]) return isNumber[0] ? -1n : 1n;
    return mine < theirs ? -1n : 1n;
  }
  return 0n;
}

const perTen = (text: string): number => Math.ceil(text.length * 0.1);
const part =
  (at: 0 | 1 | 2) =>
  ({ content }: Semver) =>
    content.numbers[at];

export const SEMVERS: readonly Overload[] = [
  define(`semver(string): ${TYPE}`, (text: string) => semver(text), perTen),
  define(`semver(string,bool): ${TYPE}`, semver, perTen),
  define("isSemver(string): bool", (text: string) => parse(text, false) !== undefined, perTen),
  define("isSemver(string,bool): bool", (text: string, loose: boolean) => parse(text, loose) !== undefined, perTen),
  define(`{${TYPE}}.major(): int`, part(0)),
  define(`{${TYPE}}.minor(): int`, part(1)),
  define(`{${TYPE}}.patch(): int`, part(2)),
  define(`{${TYPE}}.isLessThan(${TYPE}): bool`, (left: Semver, right: Semver) => order(left, right) < 0n),
  define(`{${TYPE}}.isGreaterThan(${TYPE}): bool`, (left: Semver, right: Semver) => order(left, right) > 0n),
  define(`{${TYPE}}.compareTo(${TYPE}): int`, order),
];
