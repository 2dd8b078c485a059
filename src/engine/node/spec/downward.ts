/** The downward API: fields of a pod as text. */
import type { Pod } from "#api/builtin/types.gen.ts";
import { SandboxError } from "#ports/sandbox/runtime.ts";

/** What of a pod is known only when it runs. */
export type RunningPod = { pod: Pod; podIP: string; hostIP: string; nodeName: string };

/** The value of a field path. Throws SandboxError for fields that cannot be had. */
export function fieldValue(path: string, { pod, podIP, hostIP, nodeName }: RunningPod): string {
  const { metadata, spec } = pod;
  const keyed = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path);
  if (keyed) return metadata[keyed[1] as "labels" | "annotations"]?.[keyed[2] ?? ""] ?? "";
  const fields: { readonly [path: string]: string } = {
    "metadata.name": metadata.name,
    "metadata.namespace": metadata.namespace ?? "",
    "metadata.uid": metadata.uid ?? "",
    "metadata.labels": pairs(metadata.labels),
    "metadata.annotations": pairs(metadata.annotations),
    "spec.nodeName": nodeName,
    "spec.serviceAccountName": spec.serviceAccountName ?? "default",
    "status.hostIP": hostIP,
    "status.hostIPs": hostIP,
    "status.podIP": podIP,
    "status.podIPs": podIP,
  };
  const value = fields[path];
  if (value === undefined)
    throw new SandboxError("CreateContainerConfigError", `fieldRef: unsupported fieldPath: ${path}`);
  return value;
}

/** One `key="value"` line per entry, sorted, as in a downward API volume. */
function pairs(entries: Readonly<Record<string, string>> = {}): string {
  return Object.entries(entries)
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join("\n");
}
