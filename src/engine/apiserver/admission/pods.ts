/** What admission does to pods, one thing after the other. */
import type { Pod } from "#api/builtin/types.gen.ts";
import type { Mutable } from "#kit/json.ts";
import type { ObjectStore } from "../storage/objects.ts";
import type { Plugin } from "./gate.ts";
import { resolvePriority } from "./priority.ts";
import { applyRuntimeClass } from "./runtime-class.ts";
import { serviceAccountPlugin } from "./service-account.ts";
import { tolerateNodeFailures } from "./tolerations.ts";

/**
 * Service account (unless there is no randomness for its volume), runtime class and priority of new pods, and the
 * tolerations of all pods.
 */
export function podPlugin(objects: ObjectStore, randomBytes: ((length: number) => Uint8Array) | undefined): Plugin {
  const accounts = randomBytes && serviceAccountPlugin(objects, randomBytes);
  return {
    operations: ["CREATE", "UPDATE"],
    mutate: async (request, draft, current) => {
      const pod = draft as unknown as Mutable<Pod>;
      if (!pod.spec) return;
      if (current) {
        tolerateNodeFailures(pod.spec);
        return;
      }
      await accounts?.mutate?.(request, draft);
      applyRuntimeClass(pod, request, objects);
      resolvePriority(pod, request, objects);
      tolerateNodeFailures(pod.spec);
    },
  };
}
