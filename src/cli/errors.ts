/** Errors that the command line shows as one line, with what to do next. */

const EXIT_CODES = { failed: 1, usage: 2, notFound: 3, notRunning: 4 } as const;

export class CliError extends Error {
  override name = "CliError";
  readonly exitCode: number;
  readonly hint: string | undefined;

  constructor(kind: keyof typeof EXIT_CODES, message: string, hint?: string) {
    super(message);
    this.exitCode = EXIT_CODES[kind];
    this.hint = hint;
  }
}
