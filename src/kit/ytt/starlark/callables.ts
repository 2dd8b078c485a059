/** Functions written in Starlark, functions that are built in, and modules. */
import { Fault, type Frame } from "../errors.ts";
import type { FunctionCode } from "./code.ts";
import { Callable, type Keywords, type Thread } from "./thread.ts";
import { Obj, typeOf, type Value } from "./values.ts";

/** Variables of one call; `undefined` is "not assigned yet". Free variables are found by going up `outer`. */
export type Scope = { readonly slots: (Value | undefined)[]; readonly outer: Scope | undefined };

/** Global variables of one file. */
export type Module = {
  readonly file: string;
  readonly globals: (Value | undefined)[];
  readonly globalNames: readonly string[];
  readonly predeclared: ReadonlyMap<string, Value>;
  /** Runs the functions of the file: values need not know the interpreter. */
  readonly run: RunFunction;
};

/** How a function of Starlark runs. */
export type RunFunction = (thread: Thread, fn: StarFunction, args: readonly Value[], keywords: Keywords) => Value;

export class StarFunction extends Callable {
  readonly type = "function";
  readonly name: string;
  readonly code: FunctionCode;
  readonly defaults: readonly (Value | undefined)[];
  readonly module: Module;
  readonly outer: Scope | undefined;

  constructor(
    code: FunctionCode,
    defaults: readonly (Value | undefined)[],
    home: { readonly module: Module; readonly outer: Scope | undefined },
  ) {
    super();
    this.name = code.name;
    this.code = code;
    this.defaults = defaults;
    this.module = home.module;
    this.outer = home.outer;
  }

  frame(): Frame {
    return { name: this.name, file: this.module.file, line: this.code.firstLine };
  }

  invoke(thread: Thread, args: readonly Value[], keywords: Keywords): Value {
    return this.module.run(thread, this, args, keywords);
  }

  write(): string {
    return `<function ${this.name}>`;
  }
}

/** The work of a built-in function; `name` is the name for messages. */
export type Native = (call: {
  readonly thread: Thread;
  readonly name: string;
  readonly args: readonly Value[];
  readonly keywords: Keywords;
}) => Value;

export class Builtin extends Callable {
  readonly type = "builtin_function_or_method";
  readonly name: string;
  readonly #native: Native;
  readonly #receiver: string | undefined;
  /** Length of the string that a method belongs to: the work grows with it. */
  readonly #size: number;

  /** `receiver` is the type of the value that a method belongs to. */
  constructor(name: string, native: Native, receiver?: Value) {
    super();
    this.name = name;
    this.#native = native;
    this.#receiver = receiver === undefined ? undefined : typeOf(receiver);
    this.#size = typeof receiver === "string" ? receiver.length : 0;
  }

  frame(): Frame {
    return { name: this.name, file: "<builtin>", line: 0 };
  }

  invoke(thread: Thread, args: readonly Value[], keywords: Keywords): Value {
    let size = this.#size;
    for (const arg of args) if (typeof arg === "string") size += arg.length;
    thread.budget.step(size >> 6);
    return this.#native({ thread, name: this.name, args, keywords });
  }

  write(): string {
    return this.#receiver === undefined
      ? `<built-in function ${this.name}>`
      : `<built-in method ${this.name} of ${this.#receiver} value>`;
  }
}

/** A named group of functions and values, like `yaml`. */
export class ModuleValue extends Obj {
  readonly type = "module";
  readonly name: string;
  readonly members: ReadonlyMap<string, Value>;

  constructor(name: string, members: ReadonlyMap<string, Value>) {
    super();
    this.name = name;
    this.members = members;
  }

  override attribute(name: string): Value | undefined {
    return this.members.get(name);
  }

  override attributeNames(): string[] {
    return [...this.members.keys()].sort();
  }

  override hashKey(): string {
    throw new Fault("unhashable: module");
  }

  write(): string {
    return `<module "${this.name}">`;
  }
}
