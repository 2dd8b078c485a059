/** What a kind does differently from other kinds when its objects are written. */
import type { Unstructured } from "#api/meta.ts";
import type { FieldError } from "#kit/status.ts";

/** Grammar of a kind's names: RFC 1123 subdomain or label, or anything that fits into a path segment. */
export type NameRule = "subdomain" | "label" | "path";

/** Every member may be absent. Objects that are passed as mutable are drafts that nobody else holds. */
export type Strategy = {
  nameRule?: NameRule;
  /** Fills in what the writer left out; runs on every write of the main resource. */
  defaults?: (draft: Unstructured) => void;
  /** Runs once, after the defaults, when the object is created; may set its status. */
  prepareCreate?: (draft: Unstructured) => void;
  /** Runs after the defaults of an update; `current` is frozen. */
  prepareUpdate?: (draft: Unstructured, current: Unstructured) => void;
  validate?: (draft: Unstructured, current: Unstructured | undefined) => FieldError[];
  /** Whether changes of the object count in metadata.generation. */
  generation?: boolean;
  /** Seconds that the object may take to go; 0 removes it at once. */
  gracePeriod?: (current: Unstructured, asked: number | undefined) => number;
  /** Why an object may never be deleted; undefined when it may. */
  refuseDelete?: (object: Unstructured) => string | undefined;
  /** True when something besides metadata.finalizers still keeps a deleted object. */
  isHeld?: (object: Unstructured) => boolean;
  /** Runs when deletionTimestamp is set. */
  prepareDelete?: (draft: Unstructured) => void;
};
