/** Checks the number of matches. */
import { Fault } from "../errors.ts";
import { goTypeOf } from "../library/define.ts";
import { List } from "../starlark/collections.ts";
import { Callable, type Thread } from "../starlark/thread.ts";
import type { Value } from "../starlark/values.ts";
import { compact, type Position } from "../tree/position.ts";
import { type Expectation, MATCH } from "./annotations.ts";

/** The wrong number of matches; `skips` says that the edit is left out silently. */
export class CountFault extends Fault {
  override name = "CountFault";
  readonly skips: boolean;

  constructor(message: string, skips: boolean) {
    super(message);
    this.skips = skips;
  }
}

/** Throws CountFault when the number of matches is wrong, Fault when the options are. */
export function checkCount(thread: Thread, expectation: Expectation, matches: readonly Position[]): void {
  const { expects, missingOk, when } = expectation;
  const given = [
    ["missing_ok", missingOk],
    ["when", when],
    ["expects", expects],
  ].filter(([, value]) => value !== undefined) as [string, Value][];
  if (given.length > 1) {
    const names =
      missingOk !== undefined ? ["missing_ok", expects !== undefined ? "expects" : "when"] : ["when", "expects"];
    throw new Fault(`Expected only one of keyword arguments ('${names[0]}', '${names[1]}') specified`);
  }
  const [keyword, value] = given[0] ?? ["", 1n];
  const check = new CountCheck(thread, matches, keyword);
  if (keyword !== "missing_ok") {
    check.value(value);
    return;
  }
  if (typeof value !== "boolean") throw new Fault("Expected keyword argument 'missing_ok' to be a boolean");
  check.value(value ? new List([0n, 1n]) : 1n);
}

class CountCheck {
  readonly #thread: Thread;
  readonly #matches: readonly Position[];
  readonly #keyword: string;

  constructor(thread: Thread, matches: readonly Position[], keyword: string) {
    this.#thread = thread;
    this.#matches = matches;
    this.#keyword = keyword;
  }

  value(expected: Value): void {
    if (typeof expected === "bigint") {
      if (expected !== BigInt(this.#matches.length)) this.#refuse(`to be ${expected}`);
    } else if (typeof expected === "string") this.#atLeast(expected);
    else if (expected instanceof List) this.#oneOf(expected);
    else if (expected instanceof Callable) this.#ask(expected);
    else
      throw new Fault(
        `Expected '${MATCH}' annotation keyword argument '${this.#keyword}' to be either int, string or function, but was ${goTypeOf(expected)}`,
      );
  }

  #atLeast(text: string): void {
    const least = /^([-+]?\d+)\+$/.exec(text)?.[1];
    if (least === undefined) throw new Fault(`Expected '${text}' to be in format 'i+' where i is an integer`);
    if (this.#matches.length < Number(least)) this.#refuse(`to be >= ${Number(least)}`);
  }

  #oneOf(expected: List): void {
    let last: unknown;
    for (const item of expected.items)
      try {
        this.value(item);
        return;
      } catch (error) {
        last = error;
      }
    if (last !== undefined) throw last;
  }

  #ask(expected: Callable): void {
    const answer = this.#thread.call(expected, [BigInt(this.#matches.length)]);
    if (typeof answer !== "boolean")
      throw new Fault(`Expected keyword argument '${this.#keyword}' to have a function that returns a boolean`);
    if (!answer) throw new CountFault("Expectation of number of matched nodes failed", this.#keyword === "when");
  }

  #refuse(expected: string): never {
    const lines = this.#matches.map(compact).sort();
    const where = lines.length === 0 ? "" : ` (lines: ${lines.join(", ")})`;
    throw new CountFault(
      `Expected number of matched nodes ${expected}, but was ${this.#matches.length}${where}`,
      this.#keyword === "when",
    );
  }
}
