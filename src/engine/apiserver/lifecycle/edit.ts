/** Writes of the server's own loops: no request, always on the newest version. */
import type { Unstructured } from "#api/meta.ts";
import { clone } from "#kit/json.ts";
import type { ServedResource } from "../resources/served.ts";
import { removeEntry } from "../verbs/delete.ts";
import type { DeleteOptions } from "../verbs/delete-options.ts";
import { recordUpdate } from "../verbs/managed.ts";
import { type Core, isGone } from "../verbs/write.ts";

const MANAGER = "kube-apiserver";

type Edit = {
  key: string;
  /** Changes the draft in place; returns false to leave the object alone. */
  change: (draft: Unstructured) => boolean;
  /** Whether the status is what is changed, and is said to be the manager's. */
  status?: boolean;
  /** Default: the server. */
  manager?: string;
};

/** Changes an object in place, if it is still there. */
export async function edit(
  core: Core,
  served: ServedResource,
  { key, change, status, manager = MANAGER }: Edit,
): Promise<void> {
  const current = core.objects.latest(served.collection, key);
  if (!current) return;
  const draft = clone(current.object) as Unstructured;
  if (!change(draft)) return;
  if (status)
    recordUpdate({
      served,
      draft,
      current: current.object,
      manager,
      at: core.clock(),
      subresource: "status",
    });
  if (isGone(served, draft)) await core.objects.remove(served.collection, draft);
  else await core.objects.put(served.collection, draft);
}

/** Deletes an object, if it is still there. */
export async function discard(
  core: Core,
  served: ServedResource,
  { key, options = {} }: { key: string; options?: Partial<DeleteOptions> },
): Promise<void> {
  const current = core.objects.latest(served.collection, key);
  if (current) await removeEntry(served, core, current, { dryRun: false, ...options });
}

/** Takes a finalizer off an object, if it is still there and has it. */
export function dropFinalizer(
  core: Core,
  served: ServedResource,
  target: { key: string; finalizer: string },
): Promise<void> {
  return edit(core, served, {
    key: target.key,
    change: ({ metadata }) => {
      const left = (metadata.finalizers ?? []).filter((name) => name !== target.finalizer);
      if (left.length === (metadata.finalizers ?? []).length) return false;
      delete metadata.finalizers;
      if (left.length > 0) metadata.finalizers = left;
      return true;
    },
  });
}
