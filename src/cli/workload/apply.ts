/** `workload create`, `apply` and `update`: shows what changes, asks, changes it, and waits when asked to. */
import { Workload } from "#api/carto.run/workload.ts";
import { renderYaml } from "#kit/yaml.ts";
import type { Connection } from "../connection.ts";
import { parseDuration } from "../duration.ts";
import { CliError } from "../errors.ts";
import { readInput } from "../input.ts";
import { parseFormat, print } from "../print.ts";
import type { Terminal } from "../terminal.ts";
import { baseOf, parseWorkload, type UpdateStrategy } from "./base.ts";
import { layFlagsOver } from "./draft.ts";
import type { WorkloadFlags } from "./flags.ts";
import type { UploadFlags } from "./upload.ts";
import { waitUntilReady } from "./wait.ts";
import { writeWorkload } from "./write.ts";

/** create wants no workload of that name, update wants one, apply takes both. */
export type Mode = "create" | "apply" | "update";

export type ApplyOptions = WorkloadFlags &
  UploadFlags & {
    file?: string;
    updateStrategy: UpdateStrategy;
    /** Without a value: `true`. */
    dryRun?: true | "client" | "server";
    wait?: boolean;
    waitTimeout: string;
    tail?: boolean;
    tailTimestamp?: boolean;
    output?: string;
    namespace?: string;
  };

type Request = { mode: Mode; name: string | undefined; options: ApplyOptions };
type Target = { name: string; namespace: string; live: Workload | undefined };

/** Throws CliError for what cannot be done, and when the workload that is waited for fails. */
export async function changeWorkload(connection: Connection, terminal: Terminal, request: Request): Promise<void> {
  const { options } = request;
  const format = parseFormat(options.output);
  const timeoutMs = parseDuration(options.waitTimeout);
  const { target, wanted } = await draft(connection, request);
  if (options.dryRun === "server") {
    const { showWhatIf } = await import("./what-if.ts");
    return await showWhatIf(connection, terminal, { wanted, live: target.live, format });
  }
  if (options.dryRun) return print(format, wanted, () => renderYaml(wanted).trimEnd());
  const changed = await writeWorkload(connection, terminal, { live: target.live, wanted, format });
  if (!options.wait && !options.tail && !options.tailTimestamp)
    return print(format, changed.object, () => changed.summary);
  if (format === "table") console.log(changed.summary);
  const ready = await follow(connection, target, options, timeoutMs);
  print(format, ready, () => `workload "${target.name}" is ready`);
}

async function draft(
  connection: Connection,
  { mode, name, options }: Request,
): Promise<{ target: Target; wanted: Workload }> {
  const file = options.file ? parseWorkload(await readInput(options.file), options.file) : undefined;
  const chosen = name ?? file?.metadata.name;
  if (!chosen) throw new CliError("usage", "a workload needs a name", "Give it as argument or in --file.");
  const namespace = options.namespace ?? file?.metadata.namespace ?? connection.namespace;
  const live = await connection.client.get(Workload, chosen, namespace);
  if (live && mode === "create")
    throw new CliError(
      "failed",
      `workload "${chosen}" already exists in namespace ${namespace}`,
      "Change it with: slipway workload apply",
    );
  if (!live && mode === "update")
    throw new CliError(
      "notFound",
      `workload "${chosen}" not found in namespace ${namespace}`,
      "Create it with: slipway workload apply",
    );
  const flags = await withUpload(connection, { name: chosen, namespace }, options);
  const base = baseOf({ name: chosen, namespace, live, file, strategy: options.updateStrategy });
  return { target: { name: chosen, namespace, live }, wanted: layFlagsOver(base, flags) };
}

async function withUpload(
  connection: Connection,
  place: { name: string; namespace: string },
  options: ApplyOptions,
): Promise<WorkloadFlags> {
  const { localPath } = options;
  if (localPath === undefined) return options;
  const { uploadLocalPath } = await import("./upload.ts");
  const dryRun = options.dryRun !== undefined;
  return { ...options, sourceImage: await uploadLocalPath(connection, place, { ...options, localPath }, dryRun) };
}

async function follow(
  connection: Connection,
  { name, namespace }: Target,
  { tail, tailTimestamp }: ApplyOptions,
  timeoutMs: number,
): Promise<Workload> {
  const ended = new AbortController();
  const log = async (): Promise<void> => {
    if (!tail && !tailTimestamp) return;
    const { tailWorkload } = await import("./tail.ts");
    const options = { since: "10s", timestamp: tailTimestamp ?? false, signal: ended.signal };
    await tailWorkload({ ...connection, namespace }, name, options);
  };
  const following = log();
  try {
    return await waitUntilReady(connection, { name, namespace, timeoutMs });
  } finally {
    ended.abort();
    await following;
  }
}
