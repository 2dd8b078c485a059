/** How much work one rendering may do: steps, depth of calls, memory. Counted, so the same template always ends the same. */
import { LimitFault } from "./errors.ts";

/** Limits of one rendering; what is left out has a default that templates of ordinary size do not come near. */
export type Limits = {
  /** Evaluation steps: statements, expressions and elements handled. Default 5 million. */
  readonly steps?: number;
  /** Calls that may be open at the same time. Default 250. */
  readonly depth?: number;
  /** Bytes of a single string, file or collection. Default 8 million. */
  readonly size?: number;
  /** Bytes made in total. Default 128 million. */
  readonly total?: number;
};

/** Bytes of an element, and of a node of a tree. */
const ITEM_SIZE = 32;
const NODE_SIZE = 128;

export class Budget {
  readonly #steps: number;
  readonly #depth: number;
  readonly #size: number;
  readonly #total: number;
  #done = 0;
  #made = 0;
  #open = 0;

  constructor(limits: Limits = {}) {
    this.#steps = limits.steps ?? 5_000_000;
    this.#depth = limits.depth ?? 250;
    this.#size = limits.size ?? 8_000_000;
    this.#total = limits.total ?? 128_000_000;
  }

  /** Counts `count` steps. Throws LimitFault when they are used up. */
  step(count = 1): void {
    this.#done += count;
    if (this.#done > this.#steps)
      throw new LimitFault(`evaluation takes more than ${this.#steps} steps: look for an endless loop`);
  }

  /** Counts a string or collection of `size` that is about to be made. Throws LimitFault when it is too large. */
  make(size: number): void {
    if (size > this.#size)
      throw new LimitFault(`a value of size ${size} is larger than the limit of ${this.#size}: make it smaller`);
    this.#made += size;
    if (this.#made > this.#total)
      throw new LimitFault(`the template makes more than ${this.#total} bytes of values: make it smaller`);
    this.step(size >> 6);
  }

  /** Counts elements of a collection that are about to be made. Throws LimitFault when they are too many. */
  makeItems(count: number): void {
    this.make(count * ITEM_SIZE);
  }

  /** Counts a node of a tree. */
  makeNode(): void {
    this.make(NODE_SIZE);
  }

  /** Opens a call; `leave` must follow. Throws LimitFault when too many are open. */
  enter(): void {
    this.#open++;
    if (this.#open > this.#depth)
      throw new LimitFault(`more than ${this.#depth} calls are open at the same time: look for an endless recursion`);
  }

  leave(): void {
    this.#open--;
  }
}
