/** A compiled template: lines of Starlark with the source line of each, and the program that they parse to. */
import { parseProgram } from "../starlark/parser.ts";
import { resolve } from "../starlark/resolver.ts";
import type { Program } from "../starlark/syntax.ts";
import { UNIVERSE } from "../starlark/universe.ts";
import { insertContexts } from "./functions.ts";
import { type CodeLine, INSTRUCTIONS, type Instructions, type NodeRegistry } from "./instructions.ts";

type Parts = {
  readonly file: string;
  readonly lines: readonly CodeLine[];
  readonly instructions: Instructions;
  readonly nodes: NodeRegistry;
};

export class CompiledTemplate {
  readonly file: string;
  readonly lines: readonly CodeLine[];
  readonly instructions: Instructions;
  readonly nodes: NodeRegistry;
  #program: Program | undefined;

  constructor({ file, lines, instructions, nodes }: Parts) {
    this.file = file;
    this.lines = lines;
    this.instructions = instructions;
    this.nodes = nodes;
  }

  /** The resolved program; it is parsed once and may run many times. Throws SyntaxFault. */
  program(): Program {
    this.#program ??= this.#parse();
    return this.#program;
  }

  #parse(): Program {
    const program = parseProgram(this.file, sourceOf(this.lines));
    insertContexts(program, this.instructions);
    const predeclared = new Set(INSTRUCTIONS.map((instruction) => this.instructions.name(instruction)));
    resolve(program, { predeclared: (name) => predeclared.has(name), universal: (name) => UNIVERSE.has(name) });
    return program;
  }
}

/** The program text; indentation means nothing, so lines begin at their first character. */
function sourceOf(lines: readonly CodeLine[]): string {
  let continued = false;
  return lines
    .map(({ code }) => {
      const text = continued ? code : code.trimStart();
      continued = text.endsWith("\\");
      return text;
    })
    .join("\n");
}
