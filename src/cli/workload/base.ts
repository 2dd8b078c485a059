/** What flags are laid over: the file, the workload that is there, or the one over the other. Pure. */
import { Workload } from "#api/carto.run/workload.ts";
import { clone, isObject } from "#kit/json.ts";
import { CliError } from "../errors.ts";
import { parseDocuments } from "../input.ts";
import { portable } from "./portable.ts";

/** What a file does to fields that only the cluster has: `replace` drops those that were set from here, `merge` keeps all. */
export type UpdateStrategy = "replace" | "merge";

/** The one Workload of a YAML text. Throws CliError for anything else. */
export function parseWorkload(content: string, file: string): Workload {
  const documents = parseDocuments(content, file);
  const [value] = documents;
  if (documents.length !== 1 || !isObject(value) || value.kind !== Workload.kind || !isObject(value.metadata))
    throw new CliError(
      "usage",
      `${file} is not one Workload`,
      `It needs apiVersion: ${Workload.apiVersion} and kind: ${Workload.kind}.`,
    );
  const { metadata, spec } = value as { metadata: Workload["metadata"]; spec?: Workload["spec"] };
  return portable({ apiVersion: Workload.apiVersion, kind: Workload.kind, metadata, spec: spec ?? {} });
}

export type Origin = {
  name: string;
  namespace: string;
  live: Workload | undefined;
  file: Workload | undefined;
  strategy: UpdateStrategy;
};

export function baseOf({ name, namespace, live, file, strategy }: Origin): Workload {
  const before = live && portable(live);
  const chosen = file && before && strategy === "merge" ? (merge(before, file) as Workload) : (file ?? before);
  const empty: Workload = { apiVersion: Workload.apiVersion, kind: Workload.kind, metadata: { name }, spec: {} };
  const base = clone(chosen ?? empty) as Workload;
  return { ...base, metadata: { ...base.metadata, name, namespace } };
}

/** Deeply; lists whose entries have names are merged by name, others are replaced. */
function merge(before: unknown, after: unknown): unknown {
  if (isNamedList(before) && isNamedList(after)) {
    const names = new Set(after.map(({ name }) => name));
    return [...before.filter(({ name }) => !names.has(name)), ...after];
  }
  if (!isObject(before) || !isObject(after)) return after;
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return Object.fromEntries(
    [...keys].map((key) => [
      key,
      key in after ? (key in before ? merge(before[key], after[key]) : after[key]) : before[key],
    ]),
  );
}

function isNamedList(value: unknown): value is { name: string }[] {
  return (
    Array.isArray(value) && value.length > 0 && value.every((item) => isObject(item) && typeof item.name === "string")
  );
}
