/** Which line of a program's last output says why it failed. */

/** How languages begin the line that names the error: `TypeError: …`, `java.io.IOException: …`, `panic: …`. */
const NAMED = /^\s*(Caused by: |Uncaught )?([\w.]*(Error|Exception)|panic|fatal( error)?|FATAL)\b.*[:\]]/;
const HINTED = /error|exception|cannot|could not|failed|denied|not found/i;
/** Lines that say nothing of the cause: stack frames, carets, the runtime's version. */
const NOISE = /^\s*(at\s|\^+\s*$|Node\.js v\d|npm (error|ERR!) A complete log|goroutine \d)/;

/** The line that tells most, trimmed; the last one when none stands out; "" for no output. */
export function errorLine(output: string | readonly string[]): string {
  const lines = (typeof output === "string" ? output.split("\n") : output).filter(
    (line) => line.trim() && !NOISE.test(line),
  );
  const line =
    lines.findLast((text) => NAMED.test(text)) ?? lines.findLast((text) => HINTED.test(text)) ?? lines.at(-1) ?? "";
  return line.trim();
}
