/** Completion indexes as ordered intervals, and their text form `1,3-5`. Pure. */

type Interval = readonly [first: number, last: number];
/** Ordered, disjoint, not adjacent. */
export type Indexes = readonly Interval[];

/** Reads the text form; what is malformed or not below `completions` is left out. */
export function parseIndexes(text: string | undefined, completions: number): Indexes {
  const intervals: Interval[] = [];
  for (const part of (text ?? "").split(",")) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (!match) continue;
    const first = Number(match[1]);
    const last = Math.min(Number(match[2] ?? match[1]), completions - 1);
    if (first <= last) intervals.push([first, last]);
  }
  return normalise(intervals);
}

/** The text form: two neighbours as `1,2`, three or more as `1-3`. */
export function formatIndexes(indexes: Indexes): string {
  return indexes
    .map(([first, last]) => (first === last ? `${first}` : `${first}${last === first + 1 ? "," : "-"}${last}`))
    .join(",");
}

/** The indexes of any numbers. */
export function indexesOf(numbers: Iterable<number>): Indexes {
  return normalise(Array.from(numbers, (number) => [number, number] as const));
}

/** All that is in one of `sets`. */
export function unite(...sets: readonly Indexes[]): Indexes {
  return normalise(sets.flat());
}

function normalise(intervals: readonly Interval[]): Indexes {
  const result: [number, number][] = [];
  for (const [first, last] of intervals.toSorted((left, right) => left[0] - right[0])) {
    const before = result.at(-1);
    if (before && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else result.push([first, last]);
  }
  return result;
}

export function countIndexes(indexes: Indexes): number {
  return indexes.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}

export function hasIndex(indexes: Indexes, index: number): boolean {
  let [low, high] = [0, indexes.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((indexes[middle]?.[1] ?? 0) < index) low = middle + 1;
    else high = middle;
  }
  return (indexes[low]?.[0] ?? Number.POSITIVE_INFINITY) <= index;
}

/** How many indexes are in both. */
export function countCommon(left: Indexes, right: Indexes): number {
  return countIndexes(left) + countIndexes(right) - countIndexes(unite(left, right));
}

/** The first `count` indexes below `completions` that are not in `taken`. */
export function firstFree(taken: Indexes, completions: number, count: number): number[] {
  const free: number[] = [];
  let candidate = 0;
  for (const [first, last] of [...taken, [completions, completions] as const]) {
    for (; candidate < Math.min(first, completions) && free.length < count; candidate++) free.push(candidate);
    candidate = Math.max(candidate, last + 1);
  }
  return free;
}
