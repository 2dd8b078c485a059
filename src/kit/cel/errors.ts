/** What can go wrong with a CEL expression: it does not compile, or it fails while it runs. */

/** A syntax or type error, with the place in the source, in the form in which cel-go reports it. */
export class CompileError extends Error {
  constructor(message: string, source: string, at: number) {
    super(`ERROR: <input>:${located(message, source, at)}`);
    this.name = "CompileError";
  }
}

function located(message: string, source: string, at: number): string {
  const before = source.slice(0, at).split("\n");
  const column = before.at(-1)?.length ?? 0;
  const line = source.split("\n")[before.length - 1] ?? "";
  return `${before.length}:${column + 1}: ${message}\n | ${line}\n | ${".".repeat(column)}^`;
}

/** An expression that has no value for the given input: no such key, division by zero … */
export class EvaluationError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "EvaluationError";
  }
}

/** The expression has used up what it may cost. */
export class CostExceeded extends Error {
  constructor() {
    super("operation cancelled: actual cost limit exceeded");
    this.name = "CostExceeded";
  }
}
