/** Tokens of YAML, and what is shared by the scanner's parts. */
import { Fault } from "../errors.ts";

/** Lines and columns count from 0. */
export type Mark = { readonly index: number; readonly line: number; readonly column: number };

export type TokenKind =
  | "stream-end"
  | "version"
  | "tag-directive"
  | "document-start"
  | "document-end"
  | "block-sequence-start"
  | "block-mapping-start"
  | "block-end"
  | "["
  | "]"
  | "{"
  | "}"
  | ","
  | "-"
  | "?"
  | ":"
  | "alias"
  | "anchor"
  | "tag"
  | "scalar";

export type Token = {
  readonly kind: TokenKind;
  readonly start: Mark;
  readonly value: string;
  /** Second part of tags and of tag directives. */
  readonly suffix: string;
  /** True for scalars without quotes. */
  readonly plain: boolean;
};

export type Comment = { readonly text: string; readonly line: number };

/** A text that is not YAML. `line` counts from 1 in the text as parsed, 0 when unknown. */
export class YamlFault extends Fault {
  override name = "YamlFault";
  readonly line: number;
  readonly problem: string;

  constructor(line: number, problem: string) {
    super(line > 0 ? `yaml: line ${line}: ${problem}` : `yaml: ${problem}`);
    this.line = line;
    this.problem = problem;
  }
}
