/** What differs between two texts, line by line, with a little of what surrounds it. */

/** `before` and `after` are the line's numbers, from 1, in the texts that have it. */
export type DiffLine = { mark: " " | "+" | "-"; text: string; before?: number; after?: number };

/** Lines marked ` `, `+` or `-`; `context` lines around each change, `…` where lines are left out. Empty when the texts are equal. */
export function diffLines(before: readonly string[], after: readonly string[], context = 2): string[] {
  return changedLines(before, after, context).map((line) => (line ? `${line.mark} ${line.text}` : "…"));
}

/** The changed lines with `context` lines around each; undefined where lines are left out. */
export function changedLines(
  before: readonly string[],
  after: readonly string[],
  context = 2,
): (DiffLine | undefined)[] {
  const lines = align(before, after);
  const isShown = lines.map((_, at) =>
    lines.slice(Math.max(0, at - context), at + context + 1).some(({ mark }) => mark !== " "),
  );
  return lines.flatMap((line, at) => (isShown[at] ? [line] : isShown[at + 1] ? [undefined] : []));
}

/** A shortest edit, by the lengths of longest common subsequences of what is between equal ends. */
function align(before: readonly string[], after: readonly string[]): DiffLine[] {
  let start = 0;
  while (start < before.length && before[start] === after[start]) start++;
  let end = 0;
  while (end < Math.min(before.length, after.length) - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  const kept = (text: string): DiffLine => ({ mark: " ", text });
  return numbered([
    ...before.slice(0, start).map(kept),
    ...edit(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...before.slice(before.length - end).map(kept),
  ]);
}

function numbered(lines: readonly DiffLine[]): DiffLine[] {
  let [before, after] = [0, 0];
  return lines.map((line) => ({
    ...line,
    ...(line.mark !== "+" && { before: ++before }),
    ...(line.mark !== "-" && { after: ++after }),
  }));
}

function edit(before: readonly string[], after: readonly string[]): DiffLine[] {
  const width = after.length + 1;
  const common = new Uint32Array((before.length + 1) * width);
  const at = (left: number, right: number): number => common[left * width + right] ?? 0;
  for (let left = before.length - 1; left >= 0; left--)
    for (let right = after.length - 1; right >= 0; right--)
      common[left * width + right] =
        before[left] === after[right]
          ? at(left + 1, right + 1) + 1
          : Math.max(at(left + 1, right), at(left, right + 1));
  const lines: DiffLine[] = [];
  let [left, right] = [0, 0];
  while (left < before.length || right < after.length) {
    if (left < before.length && before[left] === after[right])
      lines.push({ mark: " ", text: before[left++] ?? "" }) && right++;
    else if (right === after.length || (left < before.length && at(left + 1, right) >= at(left, right + 1)))
      lines.push({ mark: "-", text: before[left++] ?? "" });
    else lines.push({ mark: "+", text: after[right++] ?? "" });
  }
  return lines;
}
