/** Arguments of built-in functions: counts, names, types. */
import { Fault } from "../errors.ts";
import { toIndex } from "./numbers.ts";
import { Callable, type Keywords } from "./thread.ts";
import { typeOf, type Value, type Walk, walkOf } from "./values.ts";

/** A function name with the arguments that it was called with. */
export type Given = { readonly name: string; readonly args: readonly Value[]; readonly keywords: Keywords };

/** Positional arguments only, between `least` and `most` of them. Throws Fault. */
export function positional({ name, args, keywords }: Given, least: number, most = least): readonly Value[] {
  if (keywords.length > 0) throw new Fault(`${name}: unexpected keyword arguments`);
  if (args.length < least)
    throw new Fault(`${name}: got ${args.length} arguments, want ${least < most ? "at least " : ""}${least}`);
  if (args.length > most)
    throw new Fault(`${name}: got ${args.length} arguments, want ${most > least ? "at most " : ""}${most}`);
  return args;
}

/** Arguments by position or by name; names that end in `?` may be left out. Throws Fault. */
export function byName({ name, args, keywords }: Given, names: readonly string[]): Map<string, Value> {
  const parameters = names.map((parameter) => parameter.replace("?", ""));
  if (args.length > names.length)
    throw new Fault(`${name}: got ${args.length} arguments, want at most ${names.length}`);
  const found = new Map<string, Value>(args.map((arg, index) => [parameters[index] ?? "", arg]));
  for (const [key, value] of keywords) {
    if (!parameters.includes(key)) throw new Fault(`${name}: unexpected keyword argument "${key}"`);
    if (found.has(key)) throw new Fault(`${name}: got multiple values for keyword argument "${key}"`);
    found.set(key, value);
  }
  for (const parameter of names) {
    if (parameter.endsWith("?")) break;
    if (!found.has(parameter)) throw new Fault(`${name}: missing argument for ${parameter}`);
  }
  return found;
}

/** Which argument a complaint is about: its number, or its name. */
type Which = { readonly name: string; readonly parameter: number | string };

function refuse({ name, parameter }: Which, problem: string): never {
  throw new Fault(`${name}: for parameter ${parameter}: ${problem}`);
}

export function wantString(value: Value | undefined, which: Which): string {
  if (typeof value !== "string") refuse(which, `got ${typeOf(value as Value)}, want string`);
  return value;
}

export function wantBool(value: Value | undefined, which: Which): boolean {
  if (typeof value !== "boolean") refuse(which, `got ${typeOf(value as Value)}, want bool`);
  return value;
}

export function wantIndex(value: Value | undefined, which: Which): number {
  try {
    return toIndex(value as Value);
  } catch (error) {
    return refuse(which, (error as Fault).message);
  }
}

export function wantCallable(value: Value | undefined, which: Which): Callable {
  if (!(value instanceof Callable)) refuse(which, `got ${typeOf(value as Value)}, want callable`);
  return value;
}

export function wantWalk(value: Value | undefined, which: Which): Walk {
  const walk = walkOf(value as Value);
  if (!walk) refuse(which, `got ${typeOf(value as Value)}, want iterable`);
  return walk;
}

/** All elements of a walk; The budget counts them. */
export function collect(walk: Walk, budget: { makeItems(count: number): void }): Value[] {
  const items: Value[] = [];
  try {
    for (let item = walk.next(); item !== undefined; item = walk.next()) {
      if ((items.length & 63) === 0) budget.makeItems(64);
      items.push(item);
    }
  } finally {
    walk.close();
  }
  return items;
}
