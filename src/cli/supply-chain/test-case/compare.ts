/** Whether a stamped object is the expected one, as far as the test's options want to know. Pure. */
import type { Unstructured } from "#api/meta.ts";
import { deepEqual, isObject } from "#kit/json.ts";
import { diffLines } from "#kit/line-diff.ts";
import { renderYaml } from "#kit/yaml.ts";
import type { CompareOptions } from "./info.ts";

const CONTEXT = 3;

/** Lines marked `-` for what was expected and `+` for what was stamped; empty when they are the same. */
export function compare(expected: Unstructured, stamped: Unstructured, options: CompareOptions): string[] {
  const [wanted, actual] = [considered(expected, expected, options), considered(stamped, expected, options)];
  return deepEqual(wanted, actual) ? [] : diffLines(linesOf(wanted), linesOf(actual), CONTEXT);
}

function linesOf(value: unknown): string[] {
  return renderYaml(value).trimEnd().split("\n");
}

/** The object without its status and what else is not compared, keys in order. Labels that stamping adds count only when the expected object has such. */
function considered(object: Unstructured, expected: Unstructured, options: CompareOptions): unknown {
  const { metadata, status: _status, ...rest } = object;
  if (options.ignoreMetadata) return sorted(rest);
  const ignored = new Set([
    ...(options.ignoreOwnerRefs ? ["ownerReferences", "ownerRefs"] : []),
    ...(options.ignoreLabels ? ["labels"] : []),
    ...(options.ignoreMetadataFields ?? []),
  ]);
  const kept = Object.entries(metadata).filter(([key]) => !ignored.has(key));
  const { labels, ...others } = Object.fromEntries(kept) as Unstructured["metadata"];
  const stampedLabels = Object.keys(expected.metadata.labels ?? {}).some(isStamped);
  const compared = Object.entries(labels ?? {}).filter(([key]) => stampedLabels || !isStamped(key));
  const withNamespace = expected.metadata.namespace === undefined ? { ...others, namespace: undefined } : others;
  return sorted({
    ...rest,
    metadata: { ...withNamespace, ...(compared.length > 0 && { labels: Object.fromEntries(compared) }) },
  });
}

function isStamped(label: string): boolean {
  return label.startsWith("carto.run/");
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const keys = Object.keys(value).filter((key) => value[key] !== undefined);
  return Object.fromEntries(keys.sort().map((key) => [key, sorted(value[key])]));
}
