/** What stands between a request and the store, besides the schema. */
import type { Unstructured } from "#api/meta.ts";
import { conflict, StatusError } from "#kit/status.ts";
import type { ServedResource } from "../resources/served.ts";
import type { Entry } from "../storage/entry.ts";
import type { ObjectStore } from "../storage/objects.ts";
import type { ResourceRequest } from "../wire/request.ts";

export type Operation = "CREATE" | "UPDATE" | "DELETE" | "CONNECT";

/**
 * What one write has to pass. Both steps may take time: whoever waits for them must look again whether what he
 * decided on still stands ({@link requireStanding}).
 */
export type Gate = {
  /** The draft as admission wants it, ready for validation. Throws StatusError to refuse. */
  mutate(draft: Unstructured, current: Unstructured | undefined): Promise<Unstructured>;
  /** Throws StatusError to refuse. `draft` is undefined for deletions. */
  validate(draft: Unstructured | undefined, current: Unstructured | undefined): Promise<void>;
};

/** Finds the gate of a write; undefined when nothing but the schema applies. */
type FindGate = (request: ResourceRequest, operation: Operation) => Gate | undefined;

export type Admission = {
  /** What a write has to pass; undefined when nothing but the schema applies. */
  readonly gate: FindGate;
  /** True when webhooks may be called for the request, so that it may have to be tried again. */
  concerns(request: ResourceRequest): boolean;
  /** Ends kept connections. */
  close(): void;
};

/** A part of admission that is built in. Both steps run on every write of the resources that it is for. */
export type Plugin = {
  readonly operations: readonly Operation[];
  mutate?(request: ResourceRequest, draft: Unstructured, current?: Unstructured): Promise<void>;
  validate?(request: ResourceRequest, draft: Unstructured, current: Unstructured | undefined): void;
};

/** The object changed while admission was at work on it: the write may be tried again from the start. */
export class OvertakenError extends StatusError {}

/** Throws OvertakenError unless `current` is still the newest version of the object. */
export function requireStanding(objects: ObjectStore, served: ServedResource, current: Entry): void {
  if (objects.latest(served.collection, current.key) === current) return;
  const why = "the object has been modified; please apply your changes to the latest version and try again";
  throw new OvertakenError(conflict(served.id, current.name, why).status);
}
