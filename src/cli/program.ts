/** The `slipway` command line: one table of verbs; each verb's code is loaded when it is called. */
import { Command } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { backupVerbs } from "./verbs/backup.ts";
import { clusterVerbs } from "./verbs/cluster.ts";
import { conventionVerbs } from "./verbs/convention.ts";
import { platformVerbs } from "./verbs/platform.ts";
import { questionVerbs } from "./verbs/questions.ts";
import { supplyChainVerbs } from "./verbs/supply-chain.ts";
import { workloadVerbs } from "./verbs/workload.ts";

const VERBS = [
  platformVerbs,
  clusterVerbs,
  backupVerbs,
  workloadVerbs,
  supplyChainVerbs,
  questionVerbs,
  conventionVerbs,
];

/** Errors are thrown, not printed: commander's own as CommanderError. */
export function createProgram(): Command {
  const program = new Command("slipway")
    .exitOverride()
    .description("From source in Git to running, routed, autoscaled applications.")
    .version(packageJson.version, "-V, --version")
    .option(
      "--data <dir>",
      "where the platform keeps its files (default: $SLIPWAY_HOME, ./.slipway, or the user's data directory)",
    )
    .configureHelp({ showGlobalOptions: true })
    .addHelpText("after", "\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 the platform does not run.");
  for (const register of VERBS) register(program);
  return program;
}
