/** Faults in a program told with the lines of the template. */
import { EvalFault, Fault, type Frame, SyntaxFault } from "../errors.ts";
import { compact } from "../tree/position.ts";
import type { CodeLine, SourceLine } from "./instructions.ts";
import type { CompiledTemplate } from "./program.ts";

/** Finds the template that a frame of a fault belongs to. */
export type FindTemplate = (file: string) => CompiledTemplate | undefined;

/** A fault whose message has the positions in it. */
export class ReportedFault extends Fault {
  override name = "ReportedFault";
}

type Story = { readonly message: string; readonly frames: readonly Readonly<Frame>[] };

/** Throws the fault again, with positions. Faults that are told already stay as they are inside the message. */
export function report(fault: Fault, find: FindTemplate): ReportedFault {
  const stories: Story[] =
    fault instanceof SyntaxFault
      ? fault.complaints.map(({ file, line, message }) => ({ message, frames: [{ name: "", file, line }] }))
      : [{ message: fault.message, frames: fault instanceof EvalFault ? fault.frames.toReversed() : [] }];
  const lines = stories.flatMap((story) => tell(story, find));
  return new ReportedFault(["", ...lines].join("\n"), { cause: fault });
}

function tell({ message, frames }: Story, find: FindTemplate): string[] {
  const [topic = "", ...rest] = message.split("\n");
  const places = frames.flatMap((frame) => place(frame, find));
  const lines = [`- ${topic}${hint(message, frames, find)}`, ...places];
  if (rest.length > 0) lines.push("", "    reason:", ...rest.map((line) => `     ${line}`));
  return lines;
}

function place(frame: Readonly<Frame>, find: FindTemplate): string[] {
  if (frame.line <= 0) return [];
  const pad = frame.name === "" ? "    " : "      ";
  const where = frame.name === "" ? [] : [`    in ${frame.name}`];
  const program = find(frame.file)?.lines;
  if (!program) return [...where, `${pad}${frame.file}:${frame.line} | (unavailable)`];
  const line = program[frame.line - 1];
  if (!line) return where;
  if (line.source) return [...where, pad + sourceText(line.source.part ?? line.source)];
  const before = nearestSource(program, frame.line - 1, -1);
  const after = nearestSource(program, frame.line - 1, 1);
  return [
    ...where,
    ...(before ? [pad + sourceText(before)] : []),
    `${pad}${frame.file}:? | ${line.code} (generated)`,
    ...(after ? [pad + sourceText(after)] : []),
  ];
}

function sourceText({ position, content }: SourceLine): string {
  return `${compact(position)} | ${content}`;
}

function nearestSource(program: readonly CodeLine[], from: number, step: 1 | -1): SourceLine | undefined {
  for (let i = from + step; i >= 0 && i < program.length; i += step) {
    const source = program[i]?.source;
    if (source) return source;
  }
  return undefined;
}

const NAME_HINTS: Readonly<Record<string, string>> = {
  "undefined: true": "use 'True' instead of 'true' for boolean assignment",
  "undefined: false": "use 'False' instead of 'false' for boolean assignment",
  "undefined: null": "use 'None' instead of 'null' to indicate no value",
  "undefined: nil": "use 'None' instead of 'nil' to indicate no value",
  "undefined: none": "use 'None' instead of 'none' to indicate no value",
  "got newline, want ':'": "missing colon at the end of 'if/for/def' statement?",
  "unhandled index operation struct[string]": "use getattr(...) to access struct field programmatically",
};

function hint(message: string, frames: readonly Readonly<Frame>[], find: FindTemplate): string {
  const known = NAME_HINTS[message];
  if (known) return ` (hint: ${known})`;
  if (/^unknown binary op: .+ \| .+$/.test(message)) return " (hint: use 'or' instead of '|' for logical-or)";
  if (/^unknown binary op: .+ & .+$/.test(message)) return " (hint: use 'and' instead of '&' for logical-and)";
  const [, sign] = /^got '([&|])', want primary expression$/.exec(message) ?? [];
  const doubled = frames.some(({ file, line }) => sign && find(file)?.lines[line - 1]?.code.includes(sign + sign));
  if (!doubled) return "";
  return sign === "&"
    ? " (hint: use 'and' instead of '&&' for logical-and)"
    : " (hint: use 'or' instead of '||' for logical-or)";
}
