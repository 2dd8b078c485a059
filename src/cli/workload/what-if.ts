/** `workload apply --dry-run=server`: what would become of a workload, without changing anything. */
import { Workload } from "#api/carto.run/workload.ts";
import type { Unstructured } from "#api/meta.ts";
import { rehearseOnCluster } from "#platform/supply/index.ts";
import type { Connection } from "../connection.ts";
import { renderDiff } from "../diff.ts";
import { CliError } from "../errors.ts";
import { type OutputFormat, print } from "../print.ts";
import { renderRehearsal } from "../supply-chain/rehearsal.ts";
import type { Terminal } from "../terminal.ts";
import { portable } from "./portable.ts";

type WhatIf = { wanted: Workload; live: Workload | undefined; format: OutputFormat };

/** Throws CliError when no supply chain would take the workload, or a step could not be stamped. */
export async function showWhatIf(
  { client }: Connection,
  terminal: Terminal,
  { wanted, live, format }: WhatIf,
): Promise<void> {
  const preview = await client.apply(Workload, wanted, { fieldManager: "slipway-cli", dryRun: true });
  const subject = { ...preview, ...(live?.status && { status: live.status }) } as unknown as Unstructured;
  const uid = live?.metadata.uid;
  const { uid: _draft, ...metadata } = subject.metadata;
  const rehearsal = await rehearseOnCluster(client, { ...subject, metadata: { ...metadata, ...(uid && { uid }) } });
  print(format, { workload: portable(preview), ...rehearsal }, () => {
    const diff = renderDiff(live && portable(live), portable(preview), terminal);
    const removed = rehearsal.removed.map((name) => `${name} would be removed: no step stamps it any more.`);
    return [
      diff ? `The workload would change:\n${diff}` : "The workload is unchanged.",
      renderRehearsal(rehearsal, terminal),
      ...removed,
      "Nothing was changed.",
    ].join("\n\n");
  });
  if (rehearsal.problem) throw new CliError("failed", rehearsal.problem);
  const bad = rehearsal.steps.find(
    ({ problem, unknown, placement }) =>
      (problem && unknown.length === 0) || (placement?.problem && unknown.length === 0),
  );
  if (bad) throw new CliError("failed", `step ${bad.name}: ${bad.problem ?? bad.placement?.problem}`);
}
