/** Regular expressions: `matches`, `find` and `findAll`. */
import { compilePattern } from "../../schema/pattern.ts";
import { EvaluationError } from "../errors.ts";
import { define, type Overload } from "../overload.ts";

function pattern(source: string): RegExp {
  const compiled = compilePattern(source);
  if (!compiled) throw new EvaluationError(`error parsing regexp: ${source}`);
  return compiled;
}

export function matches(text: string, source: string): boolean {
  return pattern(source).test(text);
}

function findAll(text: string, source: string, limit = -1n): string[] {
  const compiled = pattern(source);
  const found: string[] = [];
  if (limit === 0n) return found;
  for (const [match] of text.matchAll(new RegExp(compiled.source, `${compiled.flags}g`))) {
    found.push(match);
    if (BigInt(found.length) === limit) break;
  }
  return found;
}

const cost = (text: string, source: string): number => Math.ceil(text.length * 0.1) * Math.ceil(source.length * 0.25);

export const REGEX: readonly Overload[] = [
  define(
    "{string}.find(string): string",
    (text: string, source: string) => pattern(source).exec(text)?.[0] ?? "",
    cost,
  ),
  define("{string}.findAll(string): list<string>", findAll, cost),
  define("{string}.findAll(string,int): list<string>", findAll, cost),
];
