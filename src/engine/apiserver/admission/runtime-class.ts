/** What the RuntimeClass of a pod adds to it: where it may run, and what its sandbox costs. */
import type { Pod, RuntimeClass } from "#api/builtin/types.gen.ts";
import { deepEqual, type Mutable } from "#kit/json.ts";
import { forbidden } from "#kit/status.ts";
import type { ObjectStore } from "../storage/objects.ts";
import type { ResourceRequest } from "../wire/request.ts";

/** Lays the class that a pod names over it. Throws Forbidden when there is none, or when the two contradict each other. */
export function applyRuntimeClass(draft: Mutable<Pod>, { served }: ResourceRequest, objects: ObjectStore): void {
  const { spec, metadata } = draft;
  if (!spec) return;
  const reject = (why: string): never => {
    throw forbidden(served.id, metadata.name, `pod rejected: ${why}`);
  };
  const name = spec.runtimeClassName;
  const classes = objects.collection("node.k8s.io", "runtimeclasses");
  const found = name ? (objects.latest(classes, name)?.object as unknown as RuntimeClass | undefined) : undefined;
  if (name && !found) reject(`RuntimeClass ${JSON.stringify(name)} not found`);
  const overhead = found?.overhead?.podFixed;
  if (spec.overhead && !overhead) reject("Pod Overhead set without corresponding RuntimeClass defined Overhead");
  if (spec.overhead && !deepEqual(spec.overhead, overhead))
    reject("Pod's Overhead doesn't match RuntimeClass's defined Overhead");
  if (overhead) spec.overhead = { ...overhead };
  const { nodeSelector = {}, tolerations = [] } = found?.scheduling ?? {};
  for (const [key, value] of Object.entries(nodeSelector)) {
    const own = spec.nodeSelector?.[key];
    if (own !== undefined && own !== value)
      reject("conflict: runtimeClass.scheduling.nodeSelector and pod nodeSelector");
    spec.nodeSelector = { ...spec.nodeSelector, [key]: value };
  }
  const missing = tolerations.filter((one) => !spec.tolerations?.some((other) => deepEqual(one, other)));
  if (missing.length > 0) spec.tolerations = [...(spec.tolerations ?? []), ...missing.map((one) => ({ ...one }))];
}
