/** The quality-of-service class of a pod: pure. */
import type { Pod } from "#api/builtin/types.gen.ts";
import { parseAmount } from "#kit/amount.ts";

/** Guaranteed when every container has limits equal to its requests, BestEffort when none has any, else Burstable. */
export function qosClass(pod: Pod): "Guaranteed" | "Burstable" | "BestEffort" {
  const all = [...(pod.spec.initContainers ?? []), ...pod.spec.containers].map(({ resources }) => resources ?? {});
  const names = ["cpu", "memory"];
  if (all.every(({ limits = {}, requests = {} }) => names.every((name) => !limits[name] && !requests[name])))
    return "BestEffort";
  const guaranteed = all.every(({ limits = {}, requests = {} }) =>
    names.every((name) => {
      const limit = parseAmount(limits[name]);
      return limit !== undefined && limit === (parseAmount(requests[name]) ?? limit);
    }),
  );
  return guaranteed ? "Guaranteed" : "Burstable";
}
