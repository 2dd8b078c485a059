/** What goes wrong while templates are read and evaluated, and how it is told. */
import { fromBytes } from "./bytes.ts";

/** Thrown by `renderYtt` for everything that is wrong with the files given; `message` is worded as ytt words it. */
export class YttError extends Error {
  override name = "YttError";
}

/** An error value inside the evaluator; the message is a byte string. */
export class Fault extends Error {
  override name = "Fault";
}

/** What makes upstream panic: told without the names of the functions that it comes through. */
export class PanicFault extends Fault {
  override name = "PanicFault";

  constructor(message: string) {
    super(`(p) ${message}`);
  }
}

/** A limit was reached: never caught by the template itself. */
export class LimitFault extends Fault {
  override name = "LimitFault";
}

/** One call on the stack at the moment of a fault; without a line for functions that are built in. */
export type Frame = { readonly name: string; readonly file: string; line: number };

/** A fault with the calls that led to it, outermost first. */
export class EvalFault extends Fault {
  override name = "EvalFault";
  readonly frames: readonly Readonly<Frame>[];

  constructor(message: string, frames: readonly Readonly<Frame>[], options?: ErrorOptions) {
    super(message, options);
    this.frames = frames;
  }
}

/** Where a program is wrong before it runs: one place per complaint. */
export type Complaint = { readonly file: string; readonly line: number; readonly message: string };

/** A program that does not parse or does not resolve. */
export class SyntaxFault extends Fault {
  override name = "SyntaxFault";
  readonly complaints: readonly Complaint[];

  constructor(complaints: readonly Complaint[]) {
    super(complaints.map(({ file, line, message }) => `${file}:${line}: ${message}`)[0] ?? "syntax error");
    this.complaints = complaints;
  }
}

/** Runs `work` and puts `prefix` before the message of a fault that it throws; limits pass unchanged. */
export function named<T>(prefix: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof LimitFault || error instanceof PanicFault || !(error instanceof Fault)) throw error;
    throw new Fault(`${prefix}: ${error.message}`, { cause: error });
  }
}

/** A fault as the public error: bytes become text, long chains of causes are broken into lines as the command does. */
export function toYttError(error: unknown): YttError {
  if (error instanceof YttError) return error;
  if (error instanceof Fault) return new YttError(breakChain(fromBytes(error.message)), { cause: error });
  if (error instanceof RangeError)
    return new YttError("the template is nested or recurses too deeply; make it flatter", { cause: error });
  return new YttError(`internal error: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
}

/** In the first line, `: ` before an upper-case letter outside brackets starts a new line, two blanks deeper each time. */
function breakChain(message: string): string {
  const end = message.indexOf("\n");
  const first = end < 0 ? message : message.slice(0, end);
  let out = "";
  let depth = 0;
  let indent = 0;
  for (let at = 0; at < first.length; at++) {
    const char = first.charAt(at);
    if ("([{".includes(char)) depth++;
    if (")]}".includes(char)) depth--;
    const breaks = char === ":" && depth === 0 && first[at + 1] === " " && /\p{Lu}/u.test(first.charAt(at + 2));
    if (!breaks) {
      out += char;
      continue;
    }
    indent += 2;
    out += `:\n${" ".repeat(indent)}`;
    at++;
  }
  return end < 0 ? out : out + message.slice(end);
}
