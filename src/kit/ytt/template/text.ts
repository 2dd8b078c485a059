/** Text templates: `(@ code @)` and `(@= value @)` in plain text. */
import { Fault } from "../errors.ts";
import { trim } from "../starlark/string-text.ts";
import { type Position, positionAt } from "../tree/position.ts";
import { type CodeLine, type Instructions, NodeRegistry, ROOT_TAG } from "./instructions.ts";
import { CompiledTemplate } from "./program.ts";
import { TextPiece, TextRoot } from "./text-nodes.ts";

/** Text, or code between the delimiters. */
type Piece = { readonly isCode: boolean; content: string; readonly line: number };

/** Splits a text at its delimiters. Throws Fault when they do not match. */
export function splitText(text: string, startLine: number): Piece[] {
  const pieces: Piece[] = [];
  let line = startLine;
  let column = 1;
  let start = 0;
  let piece: { isCode: boolean; line: number } = { isCode: false, line };
  for (let at = 0; at < text.length; at++) {
    const pair = text.slice(at - 1, at + 1);
    const opens = at > 0 && pair === "(@";
    if (opens || (at > 0 && pair === "@)")) {
      if (opens === piece.isCode)
        throw new Fault(
          opens
            ? `Unexpected code opening '(@' at line ${line} col ${column}`
            : `Unexpected code closing '@)' at line ${line} col ${column}`,
        );
      // "(@)" closes with the "@" that opened it: the code ends before it begins
      pieces.push({ ...piece, content: text.slice(start, Math.max(start, at - 1)) });
      piece = { isCode: opens, line };
      start = at + 1;
    }
    if (text[at] === "\n") {
      line++;
      column = 1;
    } else if ((text.charCodeAt(at) & 0xc0) !== 0x80) column++;
  }
  if (piece.isCode) throw new Fault(`Missing code closing '@)' at line ${line} col ${column}`);
  pieces.push({ ...piece, content: text.slice(start) });
  return pieces;
}

/** Compiles a whole text file. */
export function compileTextFile(file: string, text: string, instructions: Instructions): CompiledTemplate {
  const nodes = new NodeRegistry();
  const lines = compileText({ file, pieces: splitText(text, 1), instructions, nodes });
  return new CompiledTemplate({ file, lines, instructions, nodes });
}

/** Compiles pieces of text to the lines that build it; the last line ends the context and gives the text. */
export function compileText(source: {
  readonly file: string;
  readonly pieces: readonly Piece[];
  readonly instructions: Instructions;
  readonly nodes: NodeRegistry;
}): CodeLine[] {
  const { file, pieces, instructions, nodes } = source;
  const root = nodes.add(new TextRoot(), ROOT_TAG);
  const lines: CodeLine[] = [
    { code: instructions.call("set_ctx_type", '"text"'), source: undefined },
    { code: instructions.call("start_ctx", '"text"'), source: undefined },
    { code: instructions.call("start_node", String(root)), source: undefined },
  ];
  trimPieces(pieces);
  for (const piece of pieces) {
    const position = positionAt(file, piece.line);
    if (!piece.isCode) lines.push(...textLines(piece, position, { root, instructions, nodes }));
    else if (/^-?=/.test(piece.content)) {
      const tag = String(nodes.add(new TextPiece(), root));
      const at = { position, content: piece.content };
      lines.push({ code: instructions.call("start_node", tag), source: at });
      lines.push({ code: instructions.call("set_node", tag, `(${codeOf(piece)})`), source: at });
    } else
      for (const [index, code] of codeOf(piece).split("\n").entries())
        lines.push({ code, source: { position: positionAt(file, piece.line + index), content: code } });
  }
  lines.push({ code: instructions.call("end_ctx"), source: undefined });
  return lines;
}

function textLines(
  piece: Piece,
  position: Position,
  { root, instructions, nodes }: { root: number; instructions: Instructions; nodes: NodeRegistry },
): CodeLine[] {
  const tag = String(nodes.add(new TextPiece(piece.content), root));
  const source = { position, content: piece.content };
  return [
    { code: instructions.call("start_node", tag), source },
    { code: instructions.call("set_node", tag), source },
  ];
}

/** `-` inside a delimiter takes away the white space on its side. */
function trimPieces(pieces: readonly Piece[]): void {
  for (const [index, piece] of pieces.entries()) {
    if (!piece.isCode) continue;
    const [before, after] = [pieces[index - 1], pieces[index + 1]];
    if (piece.content.startsWith("-") && before) before.content = trim(before.content, "", false, true);
    if (piece.content.endsWith("-") && after) after.content = trim(after.content, "", true, false);
  }
}

function codeOf({ content }: Piece): string {
  return content.replace(/^-=/, "").replace(/^=/, "").replace(/^-/, "").replace(/-$/, "");
}
