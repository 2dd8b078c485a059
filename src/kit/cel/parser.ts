/** Parses CEL. Macros are recognised here; `in`, arithmetic and comparisons become calls of `_op_`. */
import type { Node } from "./ast.ts";
import { CompileError } from "./errors.ts";
import { type Token, tokenize } from "./lexer.ts";
import { expandGlobal, expandMember } from "./macros.ts";

const RELATIONS: { readonly [token: string]: string } = {
  "<": "_<_",
  "<=": "_<=_",
  ">": "_>_",
  ">=": "_>=_",
  "==": "_==_",
  "!=": "_!=_",
  in: "@in",
};
const SUMS: { readonly [token: string]: string } = { "+": "_+_", "-": "_-_" };
const PRODUCTS: { readonly [token: string]: string } = { "*": "_*_", "/": "_/_", "%": "_%_" };
const RESERVED = new Set(
  "as break const continue else for function if import let loop package namespace return var void while".split(" "),
);
const MAX_DEPTH = 200;

/** What an expression can begin with. */
const EXPRESSION =
  "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

/** The syntax tree of `source`. Throws {@link CompileError}. */
export function parse(source: string): Node {
  return new Parser(source).whole();
}

class Parser {
  private readonly source: string;
  private readonly tokens: Token[];
  private next = 0;
  private depth = 0;

  constructor(source: string) {
    this.source = source;
    this.tokens = tokenize(source);
  }

  whole(): Node {
    const node = this.expression();
    if (this.peek.type !== "end") throw this.unexpected("<EOF>");
    return node;
  }

  private get peek(): Token {
    return this.tokens[this.next] as Token;
  }

  private take(): Token {
    return this.tokens[this.next++] as Token;
  }

  private accept(type: string): Token | undefined {
    return this.peek.type === type ? this.take() : undefined;
  }

  private expect(type: string): Token {
    const token = this.accept(type);
    if (!token) throw this.unexpected(`'${type}'`);
    return token;
  }

  private unexpected(wanted = EXPRESSION): CompileError {
    const { text, at } = this.peek;
    return new CompileError(`Syntax error: mismatched input '${text}' expecting ${wanted}`, this.source, at);
  }

  private expression(): Node {
    if (++this.depth > MAX_DEPTH) throw new CompileError("expression is nested too deeply", this.source, this.peek.at);
    const test = this.or();
    const mark = this.accept("?");
    if (!mark) {
      this.depth--;
      return test;
    }
    const yes = this.or();
    this.expect(":");
    const no = this.expression();
    this.depth--;
    return { kind: "conditional", at: mark.at, test, yes, no };
  }

  private or(): Node {
    let left = this.and();
    for (let mark = this.accept("||"); mark; mark = this.accept("||"))
      left = { kind: "or", at: mark.at, left, right: this.and() };
    return left;
  }

  private and(): Node {
    let left = this.relation();
    for (let mark = this.accept("&&"); mark; mark = this.accept("&&"))
      left = { kind: "and", at: mark.at, left, right: this.relation() };
    return left;
  }

  private relation(): Node {
    return this.binary(RELATIONS, () => this.binary(SUMS, () => this.binary(PRODUCTS, () => this.unary())));
  }

  private binary(operators: { readonly [token: string]: string }, operand: () => Node): Node {
    let left = operand();
    for (let name = operators[this.peek.type]; name; name = operators[this.peek.type]) {
      const { at } = this.take();
      left = { kind: "call", at, name, args: [left, operand()] };
    }
    return left;
  }

  private unary(): Node {
    const mark = this.accept("!") ?? this.accept("-");
    if (!mark) return this.member();
    if (++this.depth > MAX_DEPTH) throw new CompileError("expression is nested too deeply", this.source, mark.at);
    const digits = this.peek;
    if (mark.type === "-" && (typeof digits.value === "bigint" || typeof digits.value === "number")) {
      const { value } = digits;
      this.tokens[this.next] = { ...digits, value: -value, at: mark.at };
      this.depth--;
      return this.member();
    }
    const operand = this.unary();
    this.depth--;
    return { kind: "call", at: mark.at, name: mark.type === "!" ? "!_" : "-_", args: [operand] };
  }

  private member(): Node {
    let node = this.primary();
    for (;;) {
      if (this.peek.type === ".") node = this.selection(node);
      else if (this.peek.type === "[") {
        const { at } = this.take();
        const optional = this.accept("?") !== undefined;
        const index = this.expression();
        this.expect("]");
        node = { kind: "index", at, operand: node, index, optional };
      } else return node;
    }
  }

  private selection(operand: Node): Node {
    const { at } = this.expect(".");
    const optional = this.accept("?") !== undefined;
    const quoted = this.accept("quoted");
    const field = quoted ? quoted.text.slice(1, -1) : this.fieldName();
    const open = optional || quoted ? undefined : this.accept("(");
    if (!open) return { kind: "select", at, operand, field, optional };
    const args = this.items(")", () => this.expression());
    const call: Node = { kind: "call", at: open.at, name: field, target: operand, args };
    return expandMember(call, this.source) ?? call;
  }

  private fieldName(): string {
    const token = this.peek;
    if (token.type !== "ident") throw this.unexpected("IDENTIFIER");
    return this.take().text;
  }

  private items<T>(close: string, item: () => T): T[] {
    const items: T[] = [];
    while (!this.accept(close)) {
      if (items.length > 0) this.expect(",");
      if (items.length > 0 && this.accept(close)) break;
      items.push(item());
    }
    return items;
  }

  private primary(): Node {
    const leading = this.peek.type === "." ? this.take() : undefined;
    const token = this.take();
    const { at, text } = token;
    switch (token.type) {
      case "ident":
        return this.name(token);
      case "literal":
        if (token.value === 2n ** 63n) throw new CompileError("invalid int literal", this.source, at);
        return { kind: "literal", at, value: token.value ?? null };
      case "true":
      case "false":
        return { kind: "literal", at, value: text === "true" };
      case "null":
        return { kind: "literal", at, value: null };
    }
    if (!leading && token.type === "(") {
      const node = this.expression();
      this.expect(")");
      return node;
    }
    if (!leading && token.type === "[")
      return { kind: "list", at, items: this.items("]", () => this.element(() => this.expression())) };
    if (!leading && token.type === "{") return { kind: "map", at, entries: this.items("}", () => this.entry()) };
    this.next--;
    throw this.unexpected();
  }

  private element(read: () => Node): { node: Node; optional: boolean } {
    const optional = this.accept("?") !== undefined;
    return { node: read(), optional };
  }

  private entry(): { key: Node; value: Node; optional: boolean } {
    const { node: key, optional } = this.element(() => this.expression());
    this.expect(":");
    return { key, value: this.expression(), optional };
  }

  private name({ at, text }: Token): Node {
    if (RESERVED.has(text)) throw new CompileError(`reserved identifier: ${text}`, this.source, at);
    const open = this.accept("(");
    if (!open) return { kind: "ident", at, name: text };
    const args = this.items(")", () => this.expression());
    const call: Node = { kind: "call", at: open.at, name: text, args };
    return expandGlobal(call, this.source) ?? call;
  }
}
