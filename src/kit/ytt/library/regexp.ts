/** `@ytt:regexp`. */
import { fromBytes, runeAt } from "../bytes.ts";
import { Fault } from "../errors.ts";
import { Callable } from "../starlark/thread.ts";
import type { Value } from "../starlark/values.ts";
import { asString, type Call, makeModule } from "./define.ts";
import { compileRegex, type RegexProgram } from "./regexp/compile.ts";
import { findMatch, type Match } from "./regexp/match.ts";

export const REGEXP = makeModule("regexp", {
  match: (call) => {
    if (call.args.length !== 2) throw new Fault("expected exactly two arguments");
    const [source, text] = call.args.map(asString) as [string, string];
    return find(compile(source, call), text, 0, call) !== undefined;
  },
  replace: (call) => {
    const { args } = call;
    if (args.length !== 3) throw new Fault("expected exactly 3 arguments");
    const program = compile(asString(args[0]), call);
    const text = asString(args[1]);
    const replacement = args[2] as Value;
    if (replacement instanceof Callable)
      return replaceAll(program, text, call, (match) => asString(call.thread.call(replacement, [whole(text, match)])));
    const template = asString(replacement);
    return replaceAll(program, text, call, (match) => expand(template, text, match, program.groups));
  },
});

function compile(source: string, { thread }: Call): RegexProgram {
  const program = compileRegex(fromBytes(source));
  thread.budget.step(program.code.length);
  return program;
}

function find(program: RegexProgram, text: string, from: number, { thread }: Call): Match | undefined {
  return findMatch(program, text, from, (count) => thread.budget.step(count));
}

function whole(text: string, [start = 0, end = 0]: Match): string {
  return text.slice(start, end);
}

/** Matches of the empty text right after another match are left alone. */
function replaceAll(program: RegexProgram, text: string, call: Call, replace: (match: Match) => string): string {
  const parts: string[] = [];
  let lastEnd = 0;
  let from = 0;
  while (from <= text.length) {
    const match = find(program, text, from, call);
    if (!match) break;
    const [start = 0, end = 0] = match;
    parts.push(text.slice(lastEnd, start));
    if (end > lastEnd || start === 0) {
      const piece = replace(match);
      call.thread.budget.make(piece.length + 1);
      parts.push(piece);
    }
    lastEnd = end;
    const width = from < text.length ? runeAt(text, from).size : 1;
    from = Math.max(from + width, end);
  }
  return parts.join("") + text.slice(lastEnd);
}

/** `$1`, `${1}`, `$name` and `${name}` stand for groups, `$$` for a dollar sign. */
function expand(template: string, text: string, match: Match, groups: readonly (string | undefined)[]): string {
  return template.replace(
    /\$(?:\$|\{(\w+)\}|(\w+))/g,
    (found, braced: string | undefined, bare: string | undefined) => {
      if (found === "$$") return "$";
      const name = braced ?? bare ?? "";
      const index = /^\d+$/.test(name) ? Number(name) : groups.lastIndexOf(name) + 1 || -1;
      const [start, end] = [match[2 * index], match[2 * index + 1]];
      return start === undefined || end === undefined ? "" : text.slice(start, end);
    },
  );
}
