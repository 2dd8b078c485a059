/** The state of one evaluation: variables and what it has cost so far. */
import { CostExceeded } from "./errors.ts";
import type { Type } from "./types.ts";
import type { Value } from "./values.ts";

export type Frame = {
  readonly slots: Value[];
  /** In units of CEL: about one per operation, or per ten characters. */
  cost: number;
  readonly limit: number;
};

export type Run = (frame: Frame) => Value;

/** A part of an expression, ready to run, with the type of what it gives. */
export type Planned = { readonly type: Type; readonly run: Run };

/** Adds to the cost. Throws {@link CostExceeded}. */
export function spend(frame: Frame, amount: number): void {
  frame.cost += amount;
  if (frame.cost > frame.limit) throw new CostExceeded();
}
