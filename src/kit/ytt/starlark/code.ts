/** What a call needs to know of a function: its parameters, slots and body. */
import type { FunctionSyntax, Statement } from "./syntax.ts";

export type FunctionCode = {
  readonly name: string;
  readonly body: readonly Statement[];
  readonly slots: readonly string[];
  /** Parameters other than `*args` and `**kwargs`, in slot order. */
  readonly parameters: number;
  /** Of these, the last ones can only be given by name. */
  readonly keywordOnly: number;
  readonly hasArgs: boolean;
  readonly hasKeywords: boolean;
  /** The line shown when a call fails before the body begins. */
  readonly firstLine: number;
};

const compiled = new WeakMap<FunctionSyntax, FunctionCode>();

export function codeOf(fn: FunctionSyntax): FunctionCode {
  let code = compiled.get(fn);
  if (code) return code;
  const star = fn.parameters.findIndex(({ kind }) => kind === "star");
  const plain = fn.parameters.filter(({ kind }) => kind === "plain" || kind === "optional").length;
  const first = fn.body.find(({ line }) => line > 0);
  code = {
    name: fn.name,
    body: fn.body,
    slots: fn.slots,
    parameters: plain,
    keywordOnly:
      star < 0 ? 0 : fn.parameters.slice(star + 1).filter(({ kind }) => kind === "plain" || kind === "optional").length,
    hasArgs: fn.parameters.some(({ kind, name }) => kind === "star" && name !== undefined),
    hasKeywords: fn.parameters.some(({ kind }) => kind === "starstar"),
    firstLine: first?.line ?? fn.line,
  };
  compiled.set(fn, code);
  return code;
}
