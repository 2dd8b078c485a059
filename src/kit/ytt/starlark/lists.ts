/** Parses what stands between the parentheses of calls and functions. */
import type { Argument, Expression, Parameter } from "./syntax.ts";
import { TokenStream } from "./token-stream.ts";
import { describe, END, NAME } from "./tokens.ts";

export abstract class ListParser extends TokenStream {
  /** One expression without commas. */
  abstract test(): Expression;

  /** The arguments of a call, up to its closing parenthesis. */
  arguments(): Argument[] {
    const args: Argument[] = [];
    let stars = false;
    while (!this.is(")") && !this.is(END)) {
      if (args.length > 0) this.expect(",");
      if (this.is(")")) {
        if (stars) this.fail(`got ${describe(this.token.kind)}, want argument`);
        break;
      }
      if (this.is("*") || this.is("**")) {
        stars = true;
        const { kind, line } = this.advance();
        args.push({ kind: kind === "*" ? "star" : "starstar", line, value: this.test() });
      } else args.push(this.#argument());
    }
    return args;
  }

  #argument(): Argument {
    const value = this.test();
    if (!this.is("=")) return { kind: "plain", line: value.line, value };
    if (value.kind !== "name") this.fail("keyword argument must have form name=expr");
    const { line } = this.advance();
    return { kind: "named", line, name: value, value: this.test() };
  }

  /** The parameters of a function, up to the closing parenthesis or the colon. */
  parameters(): Parameter[] {
    const parameters: Parameter[] = [];
    let stars = false;
    while (!this.is(")") && !this.is(":") && !this.is(END)) {
      if (parameters.length > 0) this.expect(",");
      if (this.is(")")) {
        if (stars) this.fail(`got ${describe(this.token.kind)}, want parameter`);
        break;
      }
      if (this.is("*") || this.is("**")) {
        stars = true;
        const { kind, line } = this.advance();
        if (kind === "**") parameters.push({ kind: "starstar", line, name: this.name() });
        else parameters.push({ kind: "star", line, name: this.is(NAME) ? this.name() : undefined });
        continue;
      }
      const name = this.name();
      if (this.is("=")) {
        const { line } = this.advance();
        parameters.push({ kind: "optional", line, name, value: this.test() });
      } else parameters.push({ kind: "plain", line: name.line, name });
    }
    return parameters;
  }
}
