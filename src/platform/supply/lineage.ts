/**
 * Which outputs belong together. In one pass every step has one output, so it is enough to know by which of them another
 * one sees the steps before it. Pure.
 */

/**
 * For every step that an output was made of, the step by whose present output it is seen: itself when the output was made
 * of what it gives now, else the step on the way whose output may still be of something older.
 */
export type Lineage = ReadonlyMap<string, string>;

/** An output as a step reads it; `digest` is of its content. */
export type LineageInput = { resource: string; lineage: Lineage; digest: string };

/** Two versions of the output of `ahead` would meet; the second comes by way of `behind`. */
export type Mismatch = { ahead: string; behind: string };

/** The lineage of what a step gives. One that has not settled may show what it made of any earlier inputs. */
export function lineageOf(step: string, inputs: readonly Lineage[], isSettled: boolean): Lineage {
  const lineage = new Map<string, string>();
  for (const input of inputs)
    for (const [ancestor, seenBy] of input)
      if (!isSettled) lineage.set(ancestor, step);
      else if (seenBy === ancestor || !lineage.has(ancestor)) lineage.set(ancestor, seenBy);
  return lineage.set(step, step);
}

/** Whether any two of the outputs were made of the same step's. */
export function areRelated(lineages: readonly Lineage[]): boolean {
  const seen = new Set<string>();
  for (const lineage of lineages)
    for (const ancestor of lineage.keys())
      if (seen.has(ancestor)) return true;
      else seen.add(ancestor);
  return false;
}

/** Why inputs do not belong together. `known` are digests, by resource, of outputs that have been used together before. */
export function findMismatch(
  inputs: readonly LineageInput[],
  known: Readonly<Record<string, string | undefined>>,
): Mismatch | undefined {
  const unknown = (input: LineageInput): boolean => known[input.resource] !== input.digest;
  for (const [index, left] of inputs.entries())
    for (const right of inputs.slice(index + 1)) {
      const mismatch = compare(left.lineage, right.lineage);
      if (mismatch && (unknown(left) || unknown(right))) return mismatch;
    }
  return undefined;
}

/** The nearest step that two outputs see by different ways. */
function compare(left: Lineage, right: Lineage): Mismatch | undefined {
  const ahead = [...left.keys()].findLast((step) => right.has(step) && right.get(step) !== left.get(step));
  if (ahead === undefined) return undefined;
  const [one = "", other = ""] = [left.get(ahead), right.get(ahead)];
  return { ahead, behind: one === ahead ? other : one };
}
