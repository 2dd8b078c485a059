/** What a kind does differently from other kinds when its objects are written. */
import type { Unstructured } from "#api/meta.ts";
import type { FieldError } from "#kit/status.ts";

/** Grammar of a kind's names: RFC 1123 subdomain or label, or anything that fits into a path segment. */
export type NameRule = "subdomain" | "label" | "path";

/** A part of an object that is written through a subresource of its own. */
export type Part = {
  /** `current` with the part that the draft has, written at `now` (RFC 3339). */
  lay(draft: Unstructured, current: Unstructured, now: string): Unstructured;
  validate(draft: Unstructured, current: Unstructured): FieldError[];
};

/** Every member may be absent. Objects that are passed as mutable are drafts that nobody else holds. */
export type Strategy = {
  nameRule?: NameRule;
  /** What is wrong with the types of fields that the schema does not describe. */
  typeProblem?: (draft: Unstructured) => string | undefined;
  /** Removes unknown fields where the schema does not describe them; returns their paths. */
  prune?: (draft: Unstructured) => string[];
  /** Fills in what the writer left out; runs on every write of the main resource. */
  defaults?: (draft: Unstructured) => void;
  /** Runs once, after the defaults, when the object is created; may set its status. */
  prepareCreate?: (draft: Unstructured) => void;
  /** Whether a new object keeps the status that its writer gives it. */
  bringsStatus?: boolean;
  /** Runs after the defaults of an update; `current` is frozen. */
  prepareUpdate?: (draft: Unstructured, current: Unstructured) => void;
  validate?: (draft: Unstructured, current: Unstructured | undefined) => FieldError[];
  /** Runs when only the status is written, at `now` (RFC 3339). */
  prepareStatus?: (draft: Unstructured, current: Unstructured, now: string) => void;
  /** In the place of `validate` when only the status is written. */
  validateStatus?: (draft: Unstructured, current: Unstructured) => FieldError[];
  /** What the writer of a valid object should know; writers of a status alone are not told. */
  warn?: (draft: Unstructured, current: Unstructured | undefined) => string[];
  /** What the writer of a valid status should know. */
  warnStatus?: (draft: Unstructured) => string[];
  /** Whether an update is looked at as a new object would be, besides what it changes. */
  revalidates?: boolean;
  /** By the subresource through which they are written. */
  parts?: { readonly [subresource: string]: Part };
  /** Whether changes of the object count in metadata.generation. */
  generation?: boolean;
  /** True when a deletion that removes the object answers with it, false when it answers with a Status. */
  returnsDeleted?: boolean;
  /** The group that its violations are said to be of, when it is another. */
  errorGroup?: string;
  /** Whether an update of an object that is not there makes it. */
  createsOnUpdate?: boolean;
  /** Whether changes of annotations count in metadata.generation as well. */
  countsAnnotations?: boolean;
  /** Given for kinds whose dependents stay when the client does not say otherwise; he is told the warning then. */
  orphansByDefault?: { readonly warning?: string };
  /** Seconds that the object may take to go; 0 removes it at once. */
  gracePeriod?: (current: Unstructured, asked: number | undefined) => number;
  /** Why an object may never be deleted; undefined when it may. */
  refuseDelete?: (object: Unstructured) => string | undefined;
  /** True when something besides metadata.finalizers still keeps a deleted object. */
  isHeld?: (object: Unstructured) => boolean;
  /** Marks an object as deleted at the time, in the place of what is done with other kinds. */
  markDeleted?: (draft: Unstructured, at: string) => void;
  /** Runs when deletionTimestamp is set. */
  prepareDelete?: (draft: Unstructured) => void;
};
