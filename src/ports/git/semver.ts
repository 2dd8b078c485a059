/** Semantic versions and ranges, as far as tags are chosen by them. Pure. */

type Version = { numbers: [number, number, number]; pre: string[] };
type Comparator = (version: Version) => boolean;

const VERSION = /^v?(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/;
const PARTIAL = /^(\^|~|>=|<=|>|<|=)?\s*v?(\d+|[xX*])(?:\.(\d+|[xX*]))?(?:\.(\d+|[xX*]))?(?:-([0-9A-Za-z.-]+))?$/;

function parseVersion(text: string): Version | undefined {
  const match = VERSION.exec(text);
  if (!match) return undefined;
  return { numbers: [Number(match[1]), Number(match[2]), Number(match[3])], pre: match[4]?.split(".") ?? [] };
}

function compare(left: Version, right: Version): number {
  for (const index of [0, 1, 2] as const) {
    const difference = left.numbers[index] - right.numbers[index];
    if (difference !== 0) return difference;
  }
  if (left.pre.length === 0 || right.pre.length === 0) return right.pre.length - left.pre.length;
  for (let index = 0; index < Math.max(left.pre.length, right.pre.length); index++) {
    const order = comparePart(left.pre[index], right.pre[index]);
    if (order !== 0) return order;
  }
  return 0;
}

function comparePart(left: string | undefined, right: string | undefined): number {
  if (left === right) return 0;
  if (left === undefined || right === undefined) return left === undefined ? -1 : 1;
  const [a, b] = [/^\d+$/.test(left), /^\d+$/.test(right)];
  if (a && b) return Number(left) - Number(right);
  if (a !== b) return a ? -1 : 1;
  return left < right ? -1 : 1;
}

/** True for a range that holds an operator or a wildcard, so that it cannot be meant as a tag. */
export function isRange(text: string): boolean {
  return /[\^~<>*|\s]|\.[xX]/.test(text) && parseRange(text) !== undefined;
}

function parseRange(range: string): Comparator | undefined {
  const alternatives = range.split("||").map((part) => {
    const words = part
      .trim()
      .replaceAll(/(\^|~|>=|<=|>|<|=)\s+/g, "$1")
      .split(/[\s,]+/)
      .filter(Boolean);
    const comparators = words.map(parseComparator);
    return comparators.includes(undefined) || words.length === 0 ? undefined : (comparators as Comparator[]);
  });
  if (alternatives.includes(undefined)) return undefined;
  return (version) => (alternatives as Comparator[][]).some((all) => all.every((matches) => matches(version)));
}

function parseComparator(word: string): Comparator | undefined {
  const match = PARTIAL.exec(word);
  if (!match) return undefined;
  const [, operator = "", ...parts] = match;
  const given = parts.slice(0, 3).map((part) => (part === undefined || /[xX*]/.test(part) ? undefined : Number(part)));
  const known = given.indexOf(undefined) < 0 ? 3 : given.indexOf(undefined);
  const pre = parts[3]?.split(".") ?? [];
  const floor: Version = { numbers: [given[0] ?? 0, given[1] ?? 0, given[2] ?? 0], pre };
  const allowsPre = pre.length > 0;
  const settle =
    (test: Comparator): Comparator =>
    (version) =>
      (allowsPre || version.pre.length === 0) && test(version);
  const upTo =
    (index: number): Comparator =>
    (version) =>
      index < 0 || compare(version, bump(floor, index)) < 0;
  const from: Comparator = (version) => compare(version, floor) >= 0;
  switch (operator) {
    case ">":
      return settle((version) => (known === 3 ? compare(version, floor) > 0 : !upTo(known - 1)(version)));
    case ">=":
      return settle(from);
    case "<":
      return settle((version) => compare(version, floor) < 0);
    case "<=":
      return settle((version) => (known === 3 ? compare(version, floor) <= 0 : upTo(known - 1)(version)));
    case "^": {
      const significant = floor.numbers.findIndex((number) => number > 0);
      const index = significant < 0 ? known - 1 : Math.min(significant, known - 1);
      return settle((version) => from(version) && upTo(index)(version));
    }
    case "~":
      return settle((version) => from(version) && upTo(Math.min(1, known - 1))(version));
    default:
      return settle((version) =>
        known === 3 ? compare(version, floor) === 0 : from(version) && upTo(known - 1)(version),
      );
  }
}

function bump(version: Version, index: number): Version {
  const numbers = version.numbers.map((number, at) => (at < index ? number : at === index ? number + 1 : 0));
  return { numbers: numbers as Version["numbers"], pre: ["0"] };
}

/** The tag with the highest version in the range, or undefined when none is in it. Throws RangeError for a bad range. */
export function highestInRange(tags: readonly string[], range: string): string | undefined {
  const matches = parseRange(range);
  if (!matches) throw new RangeError(`"${range}" is not a semantic version range`);
  const versions = tags.flatMap((tag) => {
    const version = parseVersion(tag);
    return version && matches(version) ? [{ tag, version }] : [];
  });
  return versions.sort((left, right) => compare(right.version, left.version))[0]?.tag;
}
