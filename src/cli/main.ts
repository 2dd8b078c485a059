/** The `slipway` command: one table of verbs; each verb's code is loaded when it is called. */
import { Command } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { CliError } from "./errors.ts";
import { backupVerbs } from "./verbs/backup.ts";
import { clusterVerbs } from "./verbs/cluster.ts";
import { conventionVerbs } from "./verbs/convention.ts";
import { platformVerbs } from "./verbs/platform.ts";
import { questionVerbs } from "./verbs/questions.ts";
import { workloadVerbs } from "./verbs/workload.ts";

const program = new Command("slipway")
  .description("From source in Git to running, routed, autoscaled applications.")
  .version(packageJson.version, "-V, --version")
  .option(
    "--data <dir>",
    "where the platform keeps its files (default: $SLIPWAY_HOME, ./.slipway, or the user's data directory)",
  )
  .configureHelp({ showGlobalOptions: true })
  .addHelpText("after", "\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 the platform does not run.");

for (const register of [platformVerbs, clusterVerbs, backupVerbs, workloadVerbs, questionVerbs, conventionVerbs])
  register(program);

program.exitOverride();
try {
  await program.parseAsync(process.argv);
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
