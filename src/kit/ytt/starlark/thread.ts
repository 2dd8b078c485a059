/** What can be called, and one line of execution: the calls that are open, the budget, how files are loaded. */
import type { Budget } from "../budget.ts";
import { EvalFault, Fault, type Frame, LimitFault } from "../errors.ts";
import { identityKey, Obj, typeOf, type Value } from "./values.ts";

/** Keyword arguments in the order given. */
export type Keywords = readonly (readonly [string, Value])[];

/** Can be called. */
export abstract class Callable extends Obj {
  abstract readonly name: string;
  /** The frame to show in errors while the call runs. */
  abstract frame(): Frame;
  abstract invoke(thread: Thread, args: readonly Value[], keywords: Keywords): Value;

  override hashKey(): string {
    return identityKey(this);
  }
}

/** Gives the names that a module exports. */
export type Load = (module: string) => ReadonlyMap<string, Value>;

export class Thread {
  readonly budget: Budget;
  readonly load: Load | undefined;
  readonly frames: Frame[] = [];

  constructor(budget: Budget, load?: Load) {
    this.budget = budget;
    this.load = load;
  }

  /** Calls `fn`. Throws Fault when it is no function, EvalFault with the open calls when the call fails. */
  call(fn: Value, args: readonly Value[], keywords: Keywords = []): Value {
    if (!(fn instanceof Callable)) throw new Fault(`invalid call of non-function (${typeOf(fn)})`);
    this.budget.step();
    return this.within(fn.frame(), () => fn.invoke(this, args, keywords));
  }

  /** Runs `work` as the innermost open call. */
  within<T>(frame: Frame, work: () => T): T {
    this.budget.enter();
    this.frames.push(frame);
    try {
      return work();
    } catch (error) {
      throw this.#evaluation(error);
    } finally {
      this.frames.pop();
      this.budget.leave();
    }
  }

  #evaluation(error: unknown): unknown {
    if (!(error instanceof Fault) || error instanceof EvalFault) return error;
    const frames = this.frames.map((frame) => ({ ...frame }));
    return new EvalFault(error.message, frames, { cause: error });
  }
}

/** A limit ends the evaluation even where the template would catch an error. */
export function isLimit(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) if (cause instanceof LimitFault) return true;
  return !(error instanceof Fault);
}
