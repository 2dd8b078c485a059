/** Finds for every name the variable that it means: local, of an outer function, global, given from outside, or unknown. */
import { type Complaint, SyntaxFault } from "../errors.ts";
import { byKind, misplacedArguments, misplacedParameters } from "./placement.ts";
import type { Argument, Expression, FunctionSyntax, Name, Parameter, Program, Statement } from "./syntax.ts";
import { type KnownNames, Variables } from "./variables.ts";

/** Binds all names of a program. Throws SyntaxFault with every complaint. */
export function resolve(program: Program, known: KnownNames): void {
  new Resolver(program, known).run();
}

class Resolver {
  readonly #program: Program;
  readonly #complaints: Complaint[] = [];
  readonly #variables: Variables;
  #loops = 0;

  constructor(program: Program, known: KnownNames) {
    this.#program = program;
    this.#variables = new Variables(program.slots, known, (line, message) => this.#complain(line, message));
  }

  run(): void {
    this.#statements(this.#program.statements);
    this.#program.globals = this.#variables.finish();
    if (this.#complaints.length > 0) throw new SyntaxFault(this.#complaints);
  }

  #complain(line: number, message: string): void {
    this.#complaints.push({ file: this.#program.file, line, message });
  }

  #statements(statements: readonly Statement[]): void {
    for (const statement of statements) this.#statement(statement);
  }

  #statement(statement: Statement): void {
    switch (statement.kind) {
      case "expression":
        this.#expression(statement.value);
        return;
      case "break":
      case "continue":
        if (this.#loops === 0) this.#complain(statement.line, `${statement.kind} not in a loop`);
        return;
      case "if":
        this.#expression(statement.condition);
        this.#statements(statement.yes);
        this.#statements(statement.no);
        return;
      case "assign":
        this.#expression(statement.value);
        this.#assign(statement.target, statement.operator !== "");
        return;
      case "def":
        this.#variables.bind(statement.name);
        this.#function(statement.fn);
        return;
      case "for":
        this.#expression(statement.from);
        this.#assign(statement.target, false);
        this.#loop(statement.body);
        return;
      case "while":
        this.#expression(statement.condition);
        this.#loop(statement.body);
        return;
      case "return":
        if (!this.#variables.inFunction) this.#complain(statement.line, "return statement not within a function");
        if (statement.value) this.#expression(statement.value);
        return;
      case "load":
        this.#load(statement);
        return;
    }
  }

  #loop(body: readonly Statement[]): void {
    this.#loops++;
    this.#statements(body);
    this.#loops--;
  }

  #load(statement: Extract<Statement, { kind: "load" }>): void {
    if (this.#variables.inFunction) this.#complain(statement.line, "load statement within a function");
    for (const { from, fromLine, to } of statement.symbols) {
      if (from === "") {
        this.#complain(fromLine, "load: empty identifier");
        continue;
      }
      if (from.startsWith("_"))
        this.#complain(fromLine, `load: names with leading underscores are not exported: ${from}`);
      this.#variables.bindLocal(to);
    }
  }

  #assign(target: Expression, augmented: boolean): void {
    switch (target.kind) {
      case "name":
        this.#variables.bind(target);
        return;
      case "index":
        this.#expression(target.of);
        this.#expression(target.key);
        return;
      case "attribute":
        this.#expression(target.of);
        return;
      case "tuple":
      case "list": {
        const brackets = target.kind === "tuple" ? "()" : "[]";
        if (target.items.length === 0) this.#complain(target.line, `can't assign to ${brackets}`);
        if (augmented) this.#complain(target.line, `can't use ${target.kind} expression in augmented assignment`);
        for (const item of target.items) this.#assign(item, augmented);
        return;
      }
      case "paren":
        this.#assign(target.inner, augmented);
        return;
      default:
        this.#complain(target.line, `can't assign to ${syntaxName(target)}`);
    }
  }

  #expression(value: Expression): void {
    switch (value.kind) {
      case "name":
        this.#variables.use(value);
        return;
      case "literal":
        return;
      case "list":
      case "tuple":
        for (const item of value.items) this.#expression(item);
        return;
      case "paren":
        this.#expression(value.inner);
        return;
      case "dict":
        for (const entry of value.entries) {
          this.#expression(entry.key);
          this.#expression(entry.value);
        }
        return;
      case "conditional":
        this.#expression(value.condition);
        this.#expression(value.yes);
        this.#expression(value.no);
        return;
      case "unary":
        this.#expression(value.operand);
        return;
      case "binary":
        this.#expression(value.left);
        this.#expression(value.right);
        return;
      case "attribute":
        this.#expression(value.of);
        return;
      case "index":
        this.#expression(value.of);
        this.#expression(value.key);
        return;
      case "slice":
        for (const part of [value.of, value.low, value.high, value.step]) if (part) this.#expression(part);
        return;
      case "call":
        this.#expression(value.fn);
        this.#arguments(value.args);
        return;
      case "lambda":
        this.#function(value.fn);
        return;
      case "comprehension":
        this.#comprehension(value);
        return;
    }
  }

  #comprehension(value: Extract<Expression, { kind: "comprehension" }>): void {
    const [first, ...rest] = value.clauses;
    if (first?.kind === "for") this.#expression(first.from);
    this.#variables.within(undefined, () => {
      if (first?.kind === "for") this.#assign(first.target, false);
      for (const clause of rest) {
        if (clause.kind === "if") this.#expression(clause.condition);
        else {
          this.#assign(clause.target, false);
          this.#expression(clause.from);
        }
      }
      if ("key" in value.body && !("kind" in value.body)) {
        this.#expression(value.body.key);
        this.#expression(value.body.value);
      } else this.#expression(value.body as Expression);
    });
  }

  #arguments(args: readonly Argument[]): void {
    const complaints = misplacedArguments(args);
    for (const [index, arg] of args.entries()) {
      for (const { line, message } of complaints[index] ?? []) this.#complain(line, message);
      this.#expression(arg.value);
    }
  }

  #function(fn: FunctionSyntax): void {
    for (const parameter of fn.parameters) if (parameter.kind === "optional") this.#expression(parameter.value);
    this.#variables.within(fn.slots, () => {
      this.#parameters(fn.parameters);
      this.#statements(fn.body);
    });
  }

  #parameters(parameters: readonly Parameter[]): void {
    for (const { line, message } of misplacedParameters(parameters)) this.#complain(line, message);
    const { plain, star, starstar } = byKind(parameters);
    for (const { name, line } of plain) this.#parameter(name, line);
    if (star?.name) this.#parameter(star.name, star.name.line);
    if (starstar) this.#parameter(starstar.name, starstar.name.line);
  }

  #parameter(name: Name, line: number): void {
    if (this.#variables.bind(name)) this.#complain(line, `duplicate parameter: ${name.name}`);
  }
}

const SYNTAX_NAMES: Readonly<Record<string, string>> = {
  conditional: "condexpr",
  comprehension: "comprehension",
  literal: "literal",
  slice: "sliceexpr",
};

function syntaxName(value: Expression): string {
  return SYNTAX_NAMES[value.kind] ?? `${value.kind}expr`;
}
