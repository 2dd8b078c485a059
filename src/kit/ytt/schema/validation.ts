/** Rules about values: `#@schema/validation` and `#@assert/validate`. */
import { Fault } from "../errors.ts";
import { maxAssertion, maxLength, minAssertion, minLength, notNull, oneNotNull, oneOf } from "../library/assertions.ts";
import { attributeNames, findAttribute } from "../starlark/attributes.ts";
import { Tuple } from "../starlark/collections.ts";
import { toInt } from "../starlark/numbers.ts";
import { Callable } from "../starlark/thread.ts";
import { lengthOf, Obj, typeOf, type Value } from "../starlark/values.ts";
import { write } from "../starlark/write.ts";
import type { Annotation } from "../tree/nodes.ts";
import { compact, type Position } from "../tree/position.ts";

export type Rule = {
  readonly message: string;
  readonly check: Callable;
  /** Runs first, and keeps the others from running when it fails. */
  readonly critical: boolean;
};

export type Validation = {
  readonly rules: readonly Rule[];
  readonly when: Callable | undefined;
  readonly notNull: boolean;
  readonly position: Position;
};

/** Throws Fault when the annotation is not as it must be. */
export function readValidation(annotation: Annotation, name: string): Validation {
  const at = compact(annotation.position);
  try {
    return new ValidationReader(annotation, at).read();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new Fault(`Invalid @${name} annotation - ${error.message}`, { cause: error });
  }
}

class ValidationReader {
  readonly #annotation: Annotation;
  readonly #at: string;
  readonly #rules: Rule[] = [];
  #when: Callable | undefined;
  #notNull = false;

  constructor(annotation: Annotation, at: string) {
    this.#annotation = annotation;
    this.#at = at;
  }

  read(): Validation {
    const { args, keywords, position } = this.#annotation;
    if (args.length === 0 && keywords.length === 0)
      throw new Fault(`expected annotation to have 2-tuple as argument(s), but found no arguments (by ${this.#at})`);
    for (const arg of args) this.#rules.push(this.#rule(arg));
    const byKeyword = new Map(keywords);
    for (const [name, value] of keywords) this.#option(name, value);
    for (const name of ["min_len", "max_len", "min", "max", "not_null", "one_not_null", "one_of"]) {
      const value = byKeyword.get(name);
      const rule = value === undefined ? undefined : keywordRule(name, value);
      if (rule) this.#rules.push(rule);
    }
    const rules = [
      ...this.#rules.filter(({ critical }) => critical),
      ...this.#rules.filter(({ critical }) => !critical),
    ];
    return { rules, when: this.#when, notNull: this.#notNull, position };
  }

  #rule(arg: Value): Rule {
    if (!(arg instanceof Tuple))
      throw new Fault(`expected annotation to have 2-tuple as argument(s), but found: ${write(arg)} (by ${this.#at})`);
    if (arg.items.length !== 2)
      throw new Fault(`expected 2-tuple, but found tuple with length ${arg.items.length} (by ${this.#at})`);
    const [message, check] = arg.items as readonly [Value, Value];
    if (typeof message !== "string")
      throw new Fault(
        `expected first item in the 2-tuple to be a string describing a valid value, but was ${typeOf(message)} (at ${this.#at})`,
      );
    return { message, check: check instanceof Callable ? check : this.#checkOf(check), critical: false };
  }

  #checkOf(value: Value): Callable {
    if (attributeNames(value) === undefined)
      throw new Fault(
        `expected second item in the 2-tuple to be an assertion function, but was ${typeOf(value)} (at ${this.#at})`,
      );
    const check = findAttribute(value, "check");
    if (check === undefined)
      throw new Fault(
        `expected second item in tuple to be an assertion function or assertion object, but was a ${typeOf(value)} (at ${this.#at})`,
      );
    if (!(check instanceof Callable))
      throw new Fault(`expected struct with attribute check(), but was ${typeOf(check)} (at ${this.#at})`);
    return check;
  }

  #refuse(name: string, wanted: string, value: Value): never {
    throw new Fault(`expected keyword argument "${name}" to be a ${wanted}, but was ${typeOf(value)} (at ${this.#at})`);
  }

  #option(name: string, value: Value): void {
    switch (name) {
      case "when":
        if (!(value instanceof Callable)) this.#refuse(name, "function", value);
        this.#when = value;
        return;
      case "min_len":
      case "max_len":
        if (typeof value !== "bigint" && typeof value !== "number") this.#refuse(name, "number", value);
        return;
      case "not_null":
        if (typeof value !== "boolean") this.#refuse(name, "boolean", value);
        this.#notNull = value;
        return;
      case "one_not_null":
        if (value === false) throw new Fault("one_not_null= cannot be False");
        if (value !== true && !isSequence(value))
          throw new Fault(`expected True or a sequence of keys, but was a '${typeOf(value)}'`);
        return;
      case "one_of":
        if (!isSequence(value))
          throw new Fault(`expected keyword argument one_of to be a sequence, but was ${typeOf(value)}`);
        return;
      case "min":
      case "max":
        return;
      default:
        throw new Fault(`unknown keyword argument "${name}" (at ${this.#at})`);
    }
  }
}

function isSequence(value: Value): boolean {
  return value instanceof Obj && lengthOf(value) >= 0;
}

/** The rule that a keyword stands for; undefined when it asks for nothing. */
function keywordRule(name: string, value: Value): Rule | undefined {
  const rule = (message: string, check: Callable, critical = false): Rule => ({ message, check, critical });
  switch (name) {
    case "min_len":
      return rule(`length >= ${toInt(value)}`, minLength(toInt(value)).check);
    case "max_len":
      return rule(`length <= ${toInt(value)}`, maxLength(toInt(value)).check);
    case "min":
      return rule(`a value >= ${write(value)}`, minAssertion(value).check);
    case "max":
      return rule(`a value <= ${write(value)}`, maxAssertion(value).check);
    case "not_null":
      return value === true ? rule("not null", notNull().check, true) : undefined;
    case "one_not_null": {
      const keys = value === true ? "all children" : write(value);
      return rule(`exactly one of ${keys} to be not null`, oneNotNull(value === true ? undefined : value).check);
    }
    default:
      return rule(`one of ${write(value)}`, oneOf(value).check);
  }
}
