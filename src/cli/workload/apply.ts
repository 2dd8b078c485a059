/** `workload apply`: creates or changes a workload, and waits for it when asked to. */
import { readFile } from "node:fs/promises";
import { text as readText } from "node:stream/consumers";
import { Workload } from "#api/carto.run/workload.ts";
import { findCondition } from "#kit/conditions.ts";
import { deepEqual, isObject } from "#kit/json.ts";
import { parseYaml, renderYaml } from "#kit/yaml.ts";
import type { Connection } from "../connection.ts";
import { CliError } from "../errors.ts";
import { parseFormat, print } from "../print.ts";
import { layFlagsOver, type WorkloadFlags } from "./draft.ts";

export type ApplyOptions = WorkloadFlags & {
  file?: string;
  dryRun?: boolean;
  wait?: boolean;
  output?: string;
  namespace?: string;
};

export async function applyWorkload(
  connection: Connection,
  name: string | undefined,
  options: ApplyOptions,
): Promise<void> {
  const format = parseFormat(options.output);
  const fromFile = options.file ? await readWorkload(options.file) : undefined;
  const target = name ?? fromFile?.metadata.name;
  if (!target) throw new CliError("usage", "a workload needs a name", "Give it as argument or in --file.");
  const namespace = options.namespace ?? fromFile?.metadata.namespace ?? connection.namespace;
  const live = await connection.client.get(Workload, target, namespace);
  const empty = {
    apiVersion: Workload.apiVersion,
    kind: Workload.kind,
    metadata: { name: target, namespace },
    spec: {},
  };
  const base =
    fromFile ??
    (live ? { ...empty, metadata: { ...empty.metadata, labels: live.metadata.labels ?? {} }, spec: live.spec } : empty);
  const wanted = layFlagsOver({ ...base, metadata: { ...base.metadata, name: target, namespace } }, options);
  if (options.dryRun) return console.log(renderYaml(wanted).trimEnd());
  if (live && deepEqual(live.spec, wanted.spec) && deepEqual(live.metadata.labels, wanted.metadata.labels)) {
    print(format, live, () => `workload "${target}" is unchanged`);
  } else {
    const result = await connection.client.apply(Workload, wanted, { fieldManager: "slipway-cli" });
    print(
      format,
      result,
      () =>
        `workload "${target}" ${live ? "changed" : "created"}; see it with: slipway workload get ${target} -n ${namespace}`,
    );
  }
  if (options.wait) await waitUntilReady(connection, target, namespace);
}

async function readWorkload(file: string): Promise<Workload> {
  const text = file === "-" ? await readText(process.stdin) : await readFile(file, "utf8");
  const [value] = parseYaml(text, file);
  if (!isObject(value) || value.kind !== "Workload" || !isObject(value.metadata))
    throw new CliError(
      "usage",
      `${file} is not a Workload`,
      "It needs apiVersion: carto.run/v1alpha1 and kind: Workload.",
    );
  return value as unknown as Workload;
}

async function waitUntilReady({ client }: Connection, name: string, namespace: string): Promise<void> {
  const { resourceVersion, items } = await client.list(Workload, { namespace, fields: `metadata.name=${name}` });
  const verdict = (workload: Workload): boolean => {
    const ready = findCondition(workload, "Ready");
    if (workload.status?.observedGeneration !== workload.metadata.generation || !ready) return false;
    if (ready.status === "False")
      throw new CliError(
        "failed",
        `workload "${name}" failed: ${ready.reason}: ${ready.message}`,
        `slipway why workload/${name}`,
      );
    return ready.status === "True";
  };
  if (items[0] && verdict(items[0])) return;
  for await (const { object } of client.watch(Workload, {
    namespace,
    fields: `metadata.name=${name}`,
    resourceVersion,
    allowBookmarks: false,
  }))
    if (verdict(object)) return console.log(`workload "${name}" is ready`);
}
