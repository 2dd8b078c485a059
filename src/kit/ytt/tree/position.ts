/** Where a node comes from. */

export type Position = {
  readonly file: string;
  /** From 1; undefined when the line is not known. */
  readonly line: number | undefined;
  /** The text of the line, for messages that quote it. */
  readonly text: string;
  /** True for values that a template computed. */
  readonly computed: boolean;
};

export const UNKNOWN: Position = { file: "", line: undefined, text: "", computed: false };

export function positionAt(file: string, line: number, text = ""): Position {
  return { file, line, text, computed: false };
}

/** `file:line`, with `?` for an unknown line. */
export function compact({ file, line }: Position): string {
  return `${file === "" ? "" : `${file}:`}${line ?? "?"}`;
}

/** `line file:line`. */
export function described(position: Position): string {
  return `line ${compact(position)}`;
}
