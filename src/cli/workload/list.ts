/** `workload list`: name, type, application, readiness and age. */
import { Workload } from "#api/carto.run/workload.ts";
import { findCondition } from "#kit/conditions.ts";
import type { Connection } from "../connection.ts";
import { age, parseFormat, print, renderTable } from "../print.ts";
import { PART_OF_LABEL, TYPE_LABEL } from "./draft.ts";

export type ListOptions = { allNamespaces?: boolean; app?: string; output?: string };

export async function listWorkloads(connection: Connection, options: ListOptions): Promise<void> {
  const format = parseFormat(options.output);
  const { allNamespaces = false, app } = options;
  const { items } = await connection.client.list(Workload, {
    ...(!allNamespaces && { namespace: connection.namespace }),
    ...(app && { labels: { [PART_OF_LABEL]: app } }),
  });
  const now = new Date();
  print(format, items, () => {
    if (items.length === 0) return "No workloads found.";
    const header = ["NAME", "TYPE", "APP", "READY", "AGE"];
    const rows = items.map((workload) => row(workload, now));
    if (!allNamespaces) return renderTable([header, ...rows]);
    const namespaces = items.map(({ metadata }) => metadata.namespace ?? "");
    return renderTable([["NAMESPACE", ...header], ...rows.map((cells, at) => [namespaces[at] ?? "", ...cells])]);
  });
}

function row(workload: Workload, now: Date): string[] {
  const { name, labels = {}, creationTimestamp } = workload.metadata;
  return [
    name,
    labels[TYPE_LABEL] ?? "<empty>",
    labels[PART_OF_LABEL] ?? "<empty>",
    readiness(workload),
    age(creationTimestamp, now),
  ];
}

/** `Ready`, or the reason why not. */
function readiness(workload: Workload): string {
  const { status = "Unknown", reason = "" } = findCondition(workload, "Ready") ?? {};
  return status === "True" ? "Ready" : reason || status;
}
