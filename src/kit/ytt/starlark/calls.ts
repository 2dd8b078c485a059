/** Matches the arguments of a call with the parameters of the function. */
import { Fault } from "../errors.ts";
import type { StarFunction } from "./callables.ts";
import { Dict, Tuple } from "./collections.ts";
import type { Keywords } from "./thread.ts";
import type { Value } from "./values.ts";

/** The slots of a new call with the parameters filled in. Throws Fault when arguments are missing or too many. */
export function bindArguments(fn: StarFunction, args: readonly Value[], keywords: Keywords): (Value | undefined)[] {
  const { code } = fn;
  const slots: (Value | undefined)[] = [];
  const total = code.parameters + Number(code.hasArgs) + Number(code.hasKeywords);
  if (total === 0) {
    const given = args.length + keywords.length;
    if (given > 0) throw new Fault(`function ${fn.name} accepts no arguments (${given} given)`);
    return slots;
  }
  const positional = positionalCount(fn, args.length);
  for (let i = 0; i < positional; i++) slots[i] = args[i];
  if (code.hasArgs) slots[code.parameters] = new Tuple(args.slice(positional));
  const rest = code.hasKeywords ? new Dict() : undefined;
  if (rest) slots[total - 1] = rest;
  for (const [name, value] of keywords) bindKeyword(fn, slots, rest, [name, value]);
  fillDefaults(fn, slots);
  return slots;
}

function positionalCount(fn: StarFunction, given: number): number {
  const { code } = fn;
  const most = code.parameters - code.keywordOnly;
  if (given <= most) return given;
  if (code.hasArgs) return most;
  const optional = fn.defaults.length > code.keywordOnly ? "at most " : "";
  const plural = most === 1 ? "" : "s";
  throw new Fault(`function ${fn.name} accepts ${optional}${most} positional argument${plural} (${given} given)`);
}

function bindKeyword(
  fn: StarFunction,
  slots: (Value | undefined)[],
  rest: Dict | undefined,
  [name, value]: readonly [string, Value],
): void {
  const index = fn.code.slots.indexOf(name);
  if (index >= 0 && index < fn.code.parameters) {
    if (slots[index] !== undefined) throw new Fault(`function ${fn.name} got multiple values for parameter "${name}"`);
    slots[index] = value;
    return;
  }
  if (!rest) throw new Fault(`function ${fn.name} got an unexpected keyword argument "${name}"`);
  if (rest.table.has(name)) throw new Fault(`function ${fn.name} got multiple values for parameter "${name}"`);
  rest.table.set(name, value);
}

function fillDefaults(fn: StarFunction, slots: (Value | undefined)[]): void {
  const { code, defaults } = fn;
  const firstDefault = code.parameters - defaults.length;
  const missing: string[] = [];
  for (let i = 0; i < code.parameters; i++) {
    if (slots[i] !== undefined) continue;
    const value = i >= firstDefault ? defaults[i - firstDefault] : undefined;
    if (value === undefined) missing.push(code.slots[i] ?? "");
    else slots[i] = value;
  }
  if (missing.length === 0) return;
  const plural = missing.length > 1 ? "s" : "";
  throw new Fault(`function ${fn.name} missing ${missing.length} argument${plural} (${missing.join(", ")})`);
}
