/** `workload rollback`: pins the last good state in the workload itself. */
import { clusterReader, configHistory, readTraceWorld, traceWorkload } from "#platform/insight/index.ts";
import type { Connection } from "../connection.ts";
import { parseDuration } from "../duration.ts";
import { parseFormat, print } from "../print.ts";
import type { Terminal } from "../terminal.ts";
import { findWorkload } from "./get.ts";
import { portable } from "./portable.ts";
import { type History, planRollback } from "./rollback-plan.ts";
import { waitUntilReady } from "./wait.ts";
import { writeWorkload } from "./write.ts";

export type RollbackOptions = { to?: string; wait?: boolean; waitTimeout: string; output?: string };

/** Throws CliError when there is nothing to go back to. */
export async function rollbackWorkload(
  connection: Connection,
  terminal: Terminal,
  { name, options }: { name: string; options: RollbackOptions },
): Promise<void> {
  const format = parseFormat(options.output);
  const timeoutMs = parseDuration(options.waitTimeout);
  const { namespace } = connection;
  const live = await findWorkload(connection, name);
  const { workload, to } = planRollback(live, await readHistory(connection, name), options.to);
  const { object } = await writeWorkload(connection, terminal, { live, wanted: portable(workload), format });
  const done = options.wait ? await waitUntilReady(connection, { name, namespace, timeoutMs }) : object;
  print(format, done, () => `workload "${name}" goes back to ${to}`);
}

async function readHistory({ client, namespace }: Connection, name: string): Promise<History> {
  const world = await readTraceWorld(clusterReader(client), namespace);
  const written = world.configs
    .filter(({ metadata }) => metadata.name === name)
    .flatMap(configHistory)
    .sort((left, right) => Date.parse(right.at) - Date.parse(left.at));
  const images = written.flatMap(({ provenance }) => provenance["Slipway-Image"] ?? []);
  return { traces: traceWorkload(name, namespace, world), images };
}
