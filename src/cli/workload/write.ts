/** Writes a workload: shows the difference, asks, applies. */
import { Workload } from "#api/carto.run/workload.ts";
import { deepEqual } from "#kit/json.ts";
import type { Connection } from "../connection.ts";
import { renderDiff } from "../diff.ts";
import type { OutputFormat } from "../print.ts";
import { requireConsent, type Terminal } from "../terminal.ts";
import { portable } from "./portable.ts";

type Change = { live: Workload | undefined; wanted: Workload; format: OutputFormat };

/** The server says first what would come of it: that is what the diff shows. Throws CliError when the answer is no. */
export async function writeWorkload(
  { client }: Connection,
  terminal: Terminal,
  { live, wanted, format }: Change,
): Promise<{ object: Workload; summary: string }> {
  const { name, namespace } = wanted.metadata;
  const fieldManager = "slipway-cli";
  const preview = await client.apply(Workload, wanted, { fieldManager, dryRun: true });
  if (live && deepEqual(portable(live), portable(preview)))
    return { object: live, summary: `workload "${name}" is unchanged` };
  const verb = live ? "update" : "create";
  const say = format === "table" ? console.log : terminal.note;
  say(`${live ? "Update" : "Create"} workload "${name}" in namespace ${namespace}:`);
  say(`${renderDiff(live && portable(live), portable(preview), terminal)}\n`);
  await requireConsent(terminal, `Really ${verb} the workload "${name}"?`);
  const object = await client.apply(Workload, wanted, { fieldManager });
  const hint = `see it with: slipway workload get ${name} -n ${namespace}`;
  return { object, summary: `workload "${name}" ${live ? "changed" : "created"}; ${hint}` };
}
