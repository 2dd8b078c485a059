/** Tokens of Starlark. */

/** `kind` is the operator or keyword itself, or one of the classes below. */
export type Token = {
  readonly kind: string;
  readonly line: number;
  /** Source text of names and keywords, the value of literals. */
  readonly raw: string;
  readonly value?: string | bigint | number;
};

export const NAME = "identifier";
export const INT = "int literal";
export const FLOAT = "float literal";
export const STRING = "string literal";
export const NEWLINE = "newline";
export const INDENT = "indent";
export const OUTDENT = "outdent";
export const END = "end of file";

export const KEYWORDS: ReadonlySet<string> = new Set(
  "and break continue def elif else for if in lambda load not or pass return while".split(" "),
);

/** Words kept for the future: they read as illegal tokens. */
export const RESERVED: ReadonlySet<string> = new Set(
  "as class del except finally from global import is nonlocal raise try with yield".split(" "),
);
export const ILLEGAL = "illegal token";

const NAMED = new Set([NAME, INT, FLOAT, STRING, NEWLINE, INDENT, OUTDENT, END, ILLEGAL]);

/** A kind of token in messages: operators in quotes, words as they are. */
export function describe(kind: string): string {
  return NAMED.has(kind) || KEYWORDS.has(kind) || kind === "not in" ? kind : `'${kind}'`;
}
