/** The nearest known word, for "did you mean". */

/** The candidate with the smallest edit distance, when fewer than half of the letters differ; else undefined. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const wanted = fold(word);
  let smallest = (wanted.length + 1) >> 1;
  let best: string | undefined;
  for (const candidate of candidates) {
    const distance = editDistance(wanted, fold(candidate).slice(0, 200));
    if (distance < smallest) {
      smallest = distance;
      best = candidate;
    }
  }
  return best;
}

function fold(word: string): string {
  return word.replaceAll("_", "").toLowerCase().slice(0, 200);
}

function editDistance(x: string, y: string): number {
  let row = Array.from({ length: y.length + 1 }, (_, i) => i);
  for (let i = 1; i <= x.length; i++) {
    const next = [i];
    for (let j = 1; j <= y.length; j++) {
      const change = (row[j - 1] ?? 0) + (x[i - 1] === y[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[y.length] ?? 0;
}
