/** Numbers of a range, each of which is free or taken. */

export type PoolRange = { first: number; last: number; next: number };

export class Pool {
  private readonly range: PoolRange;
  private readonly taken = new Set<number>();
  private cursor: number;

  constructor(range: PoolRange) {
    this.range = range;
    this.cursor = range.next;
  }

  /** False when the number is taken or out of range. */
  take(number: number): boolean {
    if (number < this.range.first || number > this.range.last || this.taken.has(number)) return false;
    this.taken.add(number);
    return true;
  }

  release(number: number): void {
    this.taken.delete(number);
  }

  /** A free number, the one after the last that was given if possible; undefined when there is none. */
  free(): number | undefined {
    const { first, last } = this.range;
    for (let tries = last - first + 1; tries > 0; tries--) {
      const number = this.cursor;
      this.cursor = number >= last ? first : number + 1;
      if (!this.taken.has(number)) return number;
    }
    return undefined;
  }
}
