/** Functions with YAML in them return what they build: they get a context of their own. */
import type { Argument, Call, Expression, FunctionSyntax, Program, Statement } from "../starlark/syntax.ts";
import type { Instructions } from "./instructions.ts";

/** Changes the functions of a parsed program in place. */
export function insertContexts(program: Program, instructions: Instructions): void {
  new Inserter(instructions).statements(program.statements);
}

class Inserter {
  readonly #instructions: Instructions;
  #dialect: Expression = { kind: "literal", line: 0, value: "yaml" };

  constructor(instructions: Instructions) {
    this.#instructions = instructions;
  }

  /** True when nodes are built outside of inner functions. */
  statements(statements: readonly Statement[]): boolean {
    return statements.map((statement) => this.#statement(statement)).includes(true);
  }

  #statement(statement: Statement): boolean {
    switch (statement.kind) {
      case "expression":
        return this.#buildsNode(statement.value);
      case "if": {
        const yes = this.statements(statement.yes);
        return this.statements(statement.no) || yes;
      }
      case "for":
      case "while":
        return this.statements(statement.body);
      case "def":
        this.#function(statement.fn);
        return false;
      default:
        return false;
    }
  }

  #buildsNode(value: Expression): boolean {
    if (value.kind !== "call" || value.fn.kind !== "name") return false;
    const { name } = value.fn;
    if (name === this.#instructions.name("set_ctx_type")) {
      const [argument] = value.args;
      if (argument) this.#dialect = argument.value;
    }
    return name === this.#instructions.name("start_node") || name === this.#instructions.name("set_node");
  }

  #function(fn: FunctionSyntax): void {
    if (!this.statements(fn.body)) return;
    wrapReturns(fn.body, (result) => this.#call("end_ctx", result));
    fn.body = [
      { kind: "expression", line: 0, value: this.#call("start_ctx", this.#dialect) },
      ...fn.body,
      { kind: "return", line: 0, value: this.#call("end_ctx", undefined) },
    ];
  }

  #call(instruction: "start_ctx" | "end_ctx", argument: Expression | undefined): Call {
    const args: Argument[] = argument ? [{ kind: "plain", line: 0, value: argument }] : [];
    return { kind: "call", line: 0, fn: { kind: "name", line: 0, name: this.#instructions.name(instruction) }, args };
  }
}

function wrapReturns(statements: readonly Statement[], wrap: (result: Expression | undefined) => Expression): void {
  for (const statement of statements)
    switch (statement.kind) {
      case "return":
        statement.value = wrap(statement.value);
        break;
      case "if":
        wrapReturns(statement.yes, wrap);
        wrapReturns(statement.no, wrap);
        break;
      case "for":
      case "while":
        wrapReturns(statement.body, wrap);
        break;
      default:
        break;
    }
}
