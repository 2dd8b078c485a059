/** Parses expressions. */
import { ListParser } from "./lists.ts";
import { COMPARISON, NOT, precedenceOf } from "./precedence.ts";
import type { Clause, Entry, Expression, FunctionSyntax } from "./syntax.ts";
import { describe, END, FLOAT, INT, NAME, NEWLINE, STRING } from "./tokens.ts";

const ENDS_LIST = new Set([END, NEWLINE, "=", "}", "]", ")", ";"]);
const DEEPEST = 100;

export class ExpressionParser extends ListParser {
  #depth = 0;

  /** One expression, or several with commas between as a tuple. */
  expression(inParens = false): Expression {
    const first = this.test();
    if (!this.is(",")) return first;
    return { kind: "tuple", line: first.line, items: this.#more([first], inParens) };
  }

  #more(items: Expression[], trailingComma: boolean): Expression[] {
    while (this.is(",")) {
      const { line } = this.advance();
      if (ENDS_LIST.has(this.token.kind)) {
        if (!trailingComma) this.fail("unparenthesized tuple with trailing comma", line);
        break;
      }
      items.push(this.test());
    }
    return items;
  }

  test(): Expression {
    if (this.#depth >= DEEPEST) this.fail("expression is nested too deeply");
    this.#depth++;
    try {
      if (this.is("lambda")) return this.#lambda(() => this.test());
      const value = this.operation(0);
      return this.is("if") ? this.#conditional(value) : value;
    } finally {
      this.#depth--;
    }
  }

  #conditional(yes: Expression): Expression {
    const { line } = this.advance();
    const condition = this.operation(0);
    if (!this.is("else")) this.fail("conditional expression without else clause", line);
    this.advance();
    return { kind: "conditional", line, condition, yes, no: this.test() };
  }

  #lambda(body: () => Expression): Expression {
    const { line } = this.advance();
    const parameters = this.is(":") ? [] : this.parameters();
    this.expect(":");
    const value = body();
    const fn: FunctionSyntax = {
      name: "lambda",
      line,
      parameters,
      body: [{ kind: "return", line: value.line, value }],
      slots: [],
    };
    return { kind: "lambda", line, fn };
  }

  operation(least: number): Expression {
    let left = this.#operand(least);
    let last = -1;
    for (;;) {
      if (this.is("not")) this.#notIn();
      const operator = this.token.kind;
      const level = precedenceOf(operator);
      if (level < least) return left;
      if (level === COMPARISON && last === COMPARISON)
        this.fail(`${left.kind === "binary" ? left.operator : ""} does not associate with ${operator} (use parens)`);
      const { line } = this.advance();
      left = { kind: "binary", line, operator, left, right: this.operation(level + 1) };
      last = level;
    }
  }

  #operand(least: number): Expression {
    if (!this.is("not") || least > NOT) return this.primaryWithSuffix();
    if (this.#depth >= DEEPEST) this.fail("expression is nested too deeply");
    this.#depth++;
    const { line } = this.advance();
    const operand = this.operation(NOT);
    this.#depth--;
    return { kind: "unary", line, operator: "not", operand };
  }

  #notIn(): void {
    const { line } = this.advance();
    if (!this.is("in")) this.fail(`got ${describe(this.token.kind)}, want in`);
    this.token = { kind: "not in", line, raw: "not in" };
  }

  primaryWithSuffix(): Expression {
    let value = this.#primary();
    for (;;) {
      if (this.is(".")) {
        const { line } = this.advance();
        value = { kind: "attribute", line, of: value, name: this.name().name };
      } else if (this.is("[")) value = this.#subscript(value);
      else if (this.is("(")) {
        const { line } = this.advance();
        const args = this.arguments();
        this.expect(")");
        value = { kind: "call", line, fn: value, args };
      } else return value;
    }
  }

  #subscript(of: Expression): Expression {
    const { line } = this.advance();
    const low = this.is(":") ? undefined : this.expression();
    if (low && this.is("]")) {
      this.advance();
      return { kind: "index", line, of, key: low };
    }
    let high: Expression | undefined;
    let step: Expression | undefined;
    if (this.is(":")) {
      this.advance();
      if (!this.is(":") && !this.is("]")) high = this.test();
    }
    if (this.is(":")) {
      this.advance();
      if (!this.is("]")) step = this.test();
    }
    this.expect("]");
    return { kind: "slice", line, of, low, high, step };
  }

  #primary(): Expression {
    const { kind, line, value } = this.token;
    switch (kind) {
      case NAME:
        return this.name();
      case INT:
      case FLOAT:
      case STRING:
        this.advance();
        return { kind: "literal", line, value: value as string | bigint | number };
      case "[":
        return this.#list();
      case "{":
        return this.#dict();
      case "(":
        return this.#parens();
      case "-":
      case "+":
      case "~":
        return this.#sign();
      default:
        return this.fail(`got ${describe(kind)}, want primary expression`);
    }
  }

  #sign(): Expression {
    if (this.#depth >= DEEPEST) this.fail("expression is nested too deeply");
    this.#depth++;
    const { kind, line } = this.advance();
    const operand = this.primaryWithSuffix();
    this.#depth--;
    return { kind: "unary", line, operator: kind, operand };
  }

  #parens(): Expression {
    const { line } = this.advance();
    if (this.is(")")) {
      this.advance();
      return { kind: "tuple", line, items: [] };
    }
    const inner = this.expression(true);
    this.expect(")");
    return { kind: "paren", line, inner };
  }

  #list(): Expression {
    const { line } = this.advance();
    if (this.is("]")) {
      this.advance();
      return { kind: "list", line, items: [] };
    }
    const first = this.test();
    if (this.is("for")) return this.#comprehension(line, first, "]");
    const items = this.#more([first], true);
    this.expect("]");
    return { kind: "list", line, items };
  }

  #dict(): Expression {
    const { line } = this.advance();
    const entries: Entry[] = [];
    while (!this.is("}")) {
      if (entries.length > 0) {
        this.expect(",");
        if (this.is("}")) break;
      }
      entries.push(this.#entry());
      if (entries.length === 1 && this.is("for")) return this.#comprehension(line, entries[0] as Entry, "}");
      if (!this.is(",")) break;
    }
    this.expect("}");
    return { kind: "dict", line, entries };
  }

  #entry(): Entry {
    const key = this.test();
    const { line } = this.expect(":");
    return { line, key, value: this.test() };
  }

  #comprehension(line: number, body: Expression | Entry, close: string): Expression {
    const clauses: Clause[] = [];
    while (!this.is(close)) {
      if (this.is("for")) {
        const start = this.advance();
        const target = this.loopVariables();
        this.expect("in");
        clauses.push({ kind: "for", line: start.line, target, from: this.operation(0) });
      } else if (this.is("if")) {
        const start = this.advance();
        const condition = this.is("lambda") ? this.#lambda(() => this.operation(0)) : this.operation(0);
        clauses.push({ kind: "if", line: start.line, condition });
      } else this.fail(`got ${describe(this.token.kind)}, want '${close}', for, or if`);
    }
    this.advance();
    return { kind: "comprehension", line, body, isDict: close === "}", clauses };
  }

  loopVariables(): Expression {
    const first = this.primaryWithSuffix();
    if (!this.is(",")) return first;
    const items = [first];
    while (this.is(",")) {
      this.advance();
      if (ENDS_LIST.has(this.token.kind)) break;
      items.push(this.primaryWithSuffix());
    }
    return { kind: "tuple", line: first.line, items };
  }
}
