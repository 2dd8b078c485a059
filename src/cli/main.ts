/** The entry of the `slipway` command: runs it, and reports what went wrong with its exit code. */
import { CliError } from "./errors.ts";
import { createProgram } from "./program.ts";

try {
  await createProgram().parseAsync(process.argv);
} catch (error) {
  process.exitCode = report(error);
}

function report(error: unknown): number {
  if (error instanceof CliError) {
    console.error(`slipway: ${error.message}`);
    if (error.hint) console.error(error.hint);
    return error.exitCode;
  }
  const { code, exitCode } = error as { code?: unknown; exitCode?: number };
  if (String(code).startsWith("commander.")) return exitCode === 0 ? 0 : 2;
  console.error(`slipway: ${error instanceof Error ? error.message : String(error)}`);
  return 1;
}
