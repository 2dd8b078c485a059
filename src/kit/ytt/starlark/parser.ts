/** Parses statements and whole files. */
import { BlockScanner } from "./blocks.ts";
import { ExpressionParser } from "./expressions.ts";
import { Scanner } from "./scanner.ts";
import type { FunctionSyntax, Name, Program, Statement } from "./syntax.ts";
import { describe, END, INDENT, NAME, NEWLINE, OUTDENT, STRING } from "./tokens.ts";

const ASSIGNMENTS = new Set(["=", "+=", "-=", "*=", "/=", "//=", "%=", "&=", "|=", "^=", "<<=", ">>="]);
const DEEPEST_BLOCK = 100;

/** Parses a file. Throws SyntaxFault. */
export function parseProgram(file: string, source: string): Program {
  return new Parser(new BlockScanner(new Scanner(file, source))).program(file);
}

class Parser extends ExpressionParser {
  #blocks = 0;

  program(file: string): Program {
    const statements: Statement[] = [];
    while (!this.is(END)) {
      if (this.is(NEWLINE)) this.advance();
      else this.#statement(statements);
    }
    return { file, statements, slots: [], globals: [] };
  }

  #statement(into: Statement[]): void {
    switch (this.token.kind) {
      case "def":
        into.push(this.#def());
        return;
      case "if":
        into.push(this.#if());
        return;
      case "for":
        into.push(this.#for());
        return;
      case "while":
        into.push(this.#while());
        return;
      default:
        this.#simple(into);
    }
  }

  #def(): Statement {
    const { line } = this.advance();
    const name = this.name();
    this.expect("(");
    const parameters = this.parameters();
    this.expect(")");
    this.expect(":");
    const fn: FunctionSyntax = { name: name.name, line, parameters, body: this.#suite(), slots: [] };
    return { kind: "def", line, name, fn };
  }

  #if(): Statement {
    const { line } = this.advance();
    const condition = this.test();
    this.expect(":");
    const first = { kind: "if" as const, line, condition, yes: this.#suite(), no: [] as Statement[] };
    let last = first;
    while (this.is("elif")) {
      const start = this.advance();
      const next = this.test();
      this.expect(":");
      const branch = { kind: "if" as const, line: start.line, condition: next, yes: this.#suite(), no: [] };
      last.no = [branch];
      last = branch;
    }
    if (this.is("else")) {
      this.advance();
      this.expect(":");
      last.no = this.#suite();
    }
    return first;
  }

  #for(): Statement {
    const { line } = this.advance();
    const target = this.loopVariables();
    this.expect("in");
    const from = this.expression();
    this.expect(":");
    return { kind: "for", line, target, from, body: this.#suite() };
  }

  #while(): Statement {
    const { line } = this.advance();
    const condition = this.test();
    this.expect(":");
    return { kind: "while", line, condition, body: this.#suite() };
  }

  #suite(): Statement[] {
    const statements: Statement[] = [];
    if (!this.is(NEWLINE)) {
      this.#simple(statements);
      return statements;
    }
    if (this.#blocks >= DEEPEST_BLOCK) this.fail("blocks are nested too deeply");
    this.#blocks++;
    this.advance();
    this.expect(INDENT);
    while (!this.is(OUTDENT) && !this.is(END)) this.#statement(statements);
    this.expect(OUTDENT);
    this.#blocks--;
    return statements;
  }

  #simple(into: Statement[]): void {
    for (;;) {
      into.push(this.#small());
      if (!this.is(";")) break;
      this.advance();
      if (this.is(NEWLINE) || this.is(END)) break;
    }
    if (!this.is(END)) this.expect(NEWLINE);
  }

  #small(): Statement {
    const { kind, line } = this.token;
    if (kind === "return") {
      this.advance();
      const bare = this.is(END) || this.is(NEWLINE) || this.is(";");
      return { kind, line, value: bare ? undefined : this.expression() };
    }
    if (kind === "break" || kind === "continue") {
      this.advance();
      return { kind, line };
    }
    if (kind === "load") return this.#load();
    const target = this.expression();
    if (!ASSIGNMENTS.has(this.token.kind)) return { kind: "expression", line: target.line, value: target };
    const sign = this.advance();
    return { kind: "assign", line: sign.line, target, value: this.expression(), operator: sign.kind.slice(0, -1) };
  }

  #load(): Statement {
    const { line } = this.advance();
    const open = this.expect("(");
    if (!this.is(STRING)) this.fail("first operand of load statement must be a string literal");
    const module = this.advance().value as string;
    const symbols: { from: string; fromLine: number; to: Name }[] = [];
    while (!this.is(")") && !this.is(END)) {
      this.expect(",");
      if (this.is(")")) break;
      symbols.push(this.#symbol());
    }
    this.expect(")");
    if (symbols.length === 0) this.fail("load statement must import at least 1 symbol", open.line);
    return { kind: "load", line, module, symbols };
  }

  #symbol(): { from: string; fromLine: number; to: Name } {
    const { line, value } = this.token;
    if (this.is(STRING)) {
      this.advance();
      const name = value as string;
      return { from: name, fromLine: line, to: { kind: "name", line, name } };
    }
    if (!this.is(NAME)) this.fail(`load operand must be "name" or localname="name" (got ${describe(this.token.kind)})`);
    const to = this.name();
    if (!this.is("="))
      this.fail(`load operand must be "${to.name}" or ${to.name}="originalname" (want '=' after ${to.name})`);
    this.advance();
    if (!this.is(STRING)) this.fail(`original name of loaded symbol must be quoted: ${to.name}="originalname"`);
    const from = this.advance();
    return { from: from.value as string, fromLine: from.line, to };
  }
}
