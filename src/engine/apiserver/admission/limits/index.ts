/** LimitRanger: what pods and claims may ask for in a namespace, and what pods get that do not ask. */
import type { LimitRange, PersistentVolumeClaim, Pod } from "#api/builtin/types.gen.ts";
import type { Mutable } from "#kit/json.ts";
import { forbidden } from "#kit/status.ts";
import type { ObjectStore } from "../../storage/objects.ts";
import type { Operation, Plugin } from "../gate.ts";
import { claimProblems, podProblems } from "./checks.ts";
import { applyDefaults } from "./defaults.ts";

/** For new pods, and for pods whose containers are given more or less while they run. */
export function podLimits(objects: ObjectStore, operation: Operation): Plugin {
  return {
    operations: [operation],
    mutate: async ({ target }, draft) => {
      const pod = draft as unknown as Mutable<Pod>;
      if (pod.spec) for (const range of rangesIn(objects, target.namespace)) applyDefaults(pod, range);
    },
    validate: ({ served, target }, draft) => {
      const pod = draft as unknown as Pod;
      const ranges = rangesIn(objects, target.namespace);
      refuse(served.id, pod.metadata.name, ranges, (range) => podProblems(pod, range));
    },
  };
}

/** For new claims, and for those that change, unless they are being deleted. */
export function claimLimits(objects: ObjectStore): Plugin {
  return {
    operations: ["CREATE", "UPDATE"],
    validate: ({ served, target }, draft, current) => {
      if (current?.metadata.deletionTimestamp) return;
      const claim = draft as unknown as PersistentVolumeClaim;
      const ranges = rangesIn(objects, target.namespace);
      refuse(served.id, draft.metadata.name, ranges, (range) => claimProblems(claim, range));
    },
  };
}

function rangesIn(objects: ObjectStore, namespace: string | undefined): LimitRange[] {
  const entries = objects.collection("", "limitranges").range(namespace);
  return entries.map(({ object }) => object as unknown as LimitRange);
}

/** Throws Forbidden with what the first range that is not kept has to say. */
function refuse(
  id: Parameters<typeof forbidden>[0],
  name: string,
  ranges: readonly LimitRange[],
  find: (range: LimitRange) => string[],
): void {
  for (const range of ranges) {
    const problems = [...new Set(find(range))];
    if (problems.length > 0)
      throw forbidden(id, name, problems.length === 1 ? (problems[0] ?? "") : `[${problems.join(", ")}]`);
  }
}
