/** Complaints about data values and schemas, told in a box with the lines in question. */
import { Fault } from "../errors.ts";
import { compact, type Position } from "../tree/position.ts";

/** One complaint. */
export class Failure extends Fault {
  override name = "Failure";
  readonly position: Position;
  readonly found: string;
  readonly expected: string;
  readonly description: string;
  /** Lines of annotations that matter. */
  readonly annotations: readonly Position[];
  readonly hints: readonly string[];

  constructor(
    position: Position,
    facts: {
      readonly found?: string;
      readonly expected?: string;
      readonly description?: string;
      readonly annotations?: readonly Position[];
      readonly hints?: readonly string[];
    },
  ) {
    super(facts.description ?? "invalid value");
    this.position = position;
    this.found = facts.found ?? "";
    this.expected = facts.expected ?? "";
    this.description = facts.description ?? "";
    this.annotations = facts.annotations ?? [];
    this.hints = facts.hints ?? [];
  }

  /** The same complaint about a value that an annotation gives; `where` is `at` or `by`. */
  causedBy(annotation: Position, where: "at" | "by"): Failure {
    return new Failure(this.position, {
      found: `${this.found} (${where} ${compact(annotation)})`,
      expected: this.expected,
      description: this.description,
      annotations: [annotation],
      hints: this.hints,
    });
  }
}

/** Complaints under a common heading. */
export function schemaFault(summary: string, faults: readonly Fault[]): Fault {
  const failures = faults.filter((fault): fault is Failure => fault instanceof Failure);
  const others = faults.filter((fault) => !(fault instanceof Failure));
  const width = Math.max(0, ...failures.map(({ position }) => lineNumber(position).length));
  const head = `\n${summary}\n${"=".repeat(summary.length)}\n`;
  return new Fault(
    `${head}${failures.map((failure) => tell(failure, width)).join("")}${others.map(({ message }) => `${message} \n`).join("")}\n`,
  );
}

function lineNumber({ line }: Position): string {
  return line === undefined ? "?" : String(line);
}

function tell(failure: Failure, width: number): string {
  const gutter = (sign: string, number = ""): string => `  ${number.padStart(width)} ${sign}`;
  const { position, description, found, expected, hints } = failure;
  const lines = description === "" ? [] : [description];
  if (position.computed)
    lines.push("Data value calculated:", gutter("#"), `${gutter("#")} ${position.text}`, gutter("#"));
  else lines.push(`${position.file}:`, gutter("|"), ...sourceLines(failure, gutter), gutter("|"));
  lines.push("", found === "" ? "" : `${gutter("=")} found: ${found}`);
  lines.push(expected === "" ? "" : `${gutter("=")} expected: ${expected}`);
  lines.push(...hints.map((hint) => `${gutter("=")} hint: ${hint}`));
  return `\n${lines.join("\n")}\n`;
}

function sourceLines({ annotations, position }: Failure, gutter: (sign: string, number?: string) => string): string[] {
  const positions = [...annotations].sort((x, y) => (x.line ?? 0) - (y.line ?? 0));
  positions.push(position);
  return positions.flatMap((at, index) => {
    const before = positions[index - 1];
    const gap = before && !isNextTo(at, before) ? [`${gutter("|")} ...`] : [];
    return [...gap, `${gutter("|", lineNumber(at))} ${at.text}`];
  });
}

function isNextTo(x: Position, y: Position): boolean {
  return x.file === y.file && x.line !== undefined && y.line !== undefined && Math.abs(x.line - y.line) <= 1;
}
