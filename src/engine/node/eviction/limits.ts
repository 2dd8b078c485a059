/** Whether a pod uses more of the disk than it may: pure. */
import type { Pod } from "#api/builtin/types.gen.ts";
import { parseAmount } from "#kit/amount.ts";
import { containersOf } from "../plan/observation.ts";
import { type StorageUse, totalUse } from "./storage-use.ts";

const RESOURCE = "ephemeral-storage";

/** Whether the pod has anything to exceed. */
export function hasStorageLimits(pod: Pod): boolean {
  const volumes = (pod.spec.volumes ?? []).some(({ emptyDir }) => emptyDir?.sizeLimit !== undefined);
  return volumes || containersOf(pod).some(({ container }) => container.resources?.limits?.[RESOURCE] !== undefined);
}

/** What the pod exceeds, in a kubelet's words; undefined when it keeps to its limits. */
export function exceededLimit(pod: Pod, use: StorageUse): string | undefined {
  return exceededVolume(pod, use) ?? exceededPod(pod, use) ?? exceededContainer(pod, use);
}

function exceededVolume({ spec }: Pod, { volumes }: StorageUse): string | undefined {
  const found = (spec.volumes ?? []).find(({ name, emptyDir }) => {
    const limit = parseAmount(emptyDir?.sizeLimit) ?? 0;
    return limit > 0 && (volumes.get(name) ?? 0) > limit;
  });
  return found && `Usage of EmptyDir volume "${found.name}" exceeds the limit "${found.emptyDir?.sizeLimit}". `;
}

function exceededPod(pod: Pod, use: StorageUse): string | undefined {
  const limitsOf = (role: "main" | "init"): [text: string, bytes: number][] =>
    containersOf(pod)
      .filter((each) => (each.role === "init") === (role === "init"))
      .flatMap(({ container: { resources } }) => {
        const text = resources?.limits?.[RESOURCE];
        return text === undefined ? [] : [[String(text), parseAmount(text) ?? 0]];
      });
  const main = limitsOf("main");
  const [largest] = limitsOf("init").toSorted(([, left], [, right]) => right - left);
  const sum = main.reduce((total, [, bytes]) => total + bytes, 0);
  const limit = Math.max(sum, largest?.[1] ?? 0);
  if (limit === 0 || totalUse(use) <= limit) return undefined;
  const text = limit > sum ? largest?.[0] : main.length === 1 ? main[0]?.[0] : String(limit);
  return `Pod ephemeral local storage usage exceeds the total limit of containers ${text}. `;
}

function exceededContainer(pod: Pod, { containers }: StorageUse): string | undefined {
  const found = containersOf(pod).find(({ container: { name, resources } }) => {
    const limit = parseAmount(resources?.limits?.[RESOURCE]);
    const { logs = 0, writable = 0 } = containers.get(name) ?? {};
    return limit !== undefined && logs + writable > limit;
  })?.container;
  const limit = found?.resources?.limits?.[RESOURCE];
  return found && `Container ${found.name} exceeded its local ephemeral storage limit "${limit}". `;
}
