/** `workload pause` and `resume`: an annotation that the supply chain honours. */
import { Workload } from "#api/carto.run/workload.ts";
import type { Connection } from "../connection.ts";
import { findWorkload } from "./get.ts";

const PAUSED = "slipway.dev/paused";

/** Throws CliError when there is no such workload. */
export async function pauseWorkload(connection: Connection, name: string, paused: boolean): Promise<void> {
  const { metadata } = await findWorkload(connection, name);
  const state = paused ? "paused" : "resumed";
  if ((metadata.annotations?.[PAUSED] === "true") === paused)
    return console.log(`workload "${name}" is ${paused ? "paused" : "not paused"} already`);
  const body = { metadata: { annotations: { [PAUSED]: paused ? "true" : null } } };
  await connection.client.patch(Workload, metadata, { type: "merge", body });
  const hint = paused ? `; go on with: slipway workload resume ${name} -n ${metadata.namespace}` : "";
  console.log(`workload "${name}" ${state}${hint}`);
}
