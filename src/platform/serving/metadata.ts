/** Labels and annotations as they pass from a Service to its children. Pure. */
import type { ObjectMeta } from "#api/meta.ts";
import { controllerOf } from "#api/meta.ts";
import { ANNOTATIONS } from "#api/serving.knative.dev/index.ts";

export type Text = Record<string, string>;

/** `map` without the named keys. */
export function without(map: Text | undefined, keys: readonly string[]): Text {
  return Object.fromEntries(Object.entries(map ?? {}).filter(([key]) => !keys.includes(key)));
}

/** Only the named keys of `map`. */
export function only(map: Text | undefined, keep: (key: string) => boolean): Text {
  return Object.fromEntries(Object.entries(map ?? {}).filter(([key]) => keep(key)));
}

/** Annotations that a child takes over from its parent. */
export function inheritedAnnotations(metadata: ObjectMeta): Text {
  return without(metadata.annotations, [ANNOTATIONS.lastApplied]);
}

/** Whether `child` is there and is controlled by somebody else, or nobody. */
export function isForeign(child: { metadata: ObjectMeta } | undefined, owner: { metadata: ObjectMeta }): boolean {
  return child !== undefined && controllerOf(child)?.uid !== owner.metadata.uid;
}
