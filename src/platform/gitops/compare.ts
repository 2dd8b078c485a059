/** Whether an object is as it should be: what a server-side apply would make of it, against what is there. Pure. */
import type { Unstructured } from "#api/meta.ts";
import { canonicalJson, clone, deepEqual, isObject } from "#kit/json.ts";
import type { Identity } from "./tracking.ts";

export type IgnoreRule = {
  group?: string;
  kind: string;
  name?: string;
  namespace?: string;
  jsonPointers?: readonly string[];
};

const BOOKKEEPING = ["managedFields", "resourceVersion", "generation", "creationTimestamp", "uid"];

/** True when `predicted`, the answer to a dry run of the apply, differs from `live` where it matters. */
export function isDifferent(live: Unstructured, predicted: Unstructured, pointers: readonly string[]): boolean {
  return !deepEqual(normalise(live, pointers), normalise(predicted, pointers));
}

function normalise(object: Unstructured, pointers: readonly string[]): unknown {
  const { status: _status, ...rest } = object;
  const copy = clone(rest) as { metadata: Record<string, unknown> };
  for (const field of BOOKKEEPING) delete copy.metadata[field];
  for (const pointer of pointers) removeAt(copy, pointer);
  return copy;
}

function removeAt(root: unknown, pointer: string): void {
  const segments = pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  const last = segments.pop();
  let at: unknown = root;
  for (const segment of segments) at = Array.isArray(at) ? at[Number(segment)] : isObject(at) ? at[segment] : undefined;
  if (last === undefined) return;
  if (Array.isArray(at)) at.splice(Number(last), 1);
  else if (isObject(at)) delete at[last];
}

/** The JSON pointers that the rules take out of the comparison of one object. */
export function ignoredPointers(rules: readonly IgnoreRule[], identity: Identity): string[] {
  const fits = (rule: string | undefined, value: string): boolean => !rule || rule === "*" || rule === value;
  return rules
    .filter(
      (rule) =>
        (rule.group === "*" || (rule.group ?? "") === identity.group) &&
        fits(rule.kind, identity.kind) &&
        fits(rule.name, identity.name) &&
        fits(rule.namespace, identity.namespace),
    )
    .flatMap((rule) => rule.jsonPointers ?? []);
}

/** Changes exactly when something changes that a comparison looks at; a new status alone does not. */
export function stampOf(live: Unstructured): string {
  const { generation, resourceVersion, labels, annotations, ownerReferences, finalizers } = live.metadata;
  if (generation === undefined || !isObject(live.spec)) return `v${resourceVersion}`;
  return `g${generation} ${canonicalJson([labels, annotations, ownerReferences, finalizers])}`;
}
