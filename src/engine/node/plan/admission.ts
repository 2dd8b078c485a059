/** Whether this node takes a pod at all: pure. A pod that is refused fails, and is not tried again. */
import type { Pod } from "#api/builtin/types.gen.ts";
import type { PressureCondition } from "../eviction/thresholds.ts";
import { forbiddenSysctls } from "../spec/security.ts";
import { qosClass } from "./qos.ts";

/** The priority of what the system needs. */
const CRITICAL = 2_000_000_000;

/** Why the pod cannot run here, in words of the pod's status; undefined when it can. */
export function refusalOf(
  pod: Pod,
  pressures: readonly PressureCondition[],
): { reason: string; message: string } | undefined {
  const { os } = pod.spec;
  if (os && os.name !== "linux")
    return { reason: "PodOSNotSupported", message: "Failed to admit pod as the OS field doesn't match node OS" };
  const [sysctl] = forbiddenSysctls(pod);
  if (sysctl !== undefined)
    return { reason: "SysctlForbidden", message: `Pod was rejected: forbidden sysctl: "${sysctl}" not allowlisted` };
  const unbearable = pressures.filter((condition) => !bears(pod, condition));
  if (unbearable.length > 0)
    return { reason: "Evicted", message: `The node had condition: [${unbearable.join(" ")}]. ` };
  return undefined;
}

/** Pods that run already stay; of new ones, those of the system come, and at a lack of memory those that have asked for theirs. */
function bears(pod: Pod, condition: PressureCondition): boolean {
  if (pod.status?.startTime !== undefined || (pod.spec.priority ?? 0) >= CRITICAL) return true;
  return condition === "MemoryPressure" && qosClass(pod) !== "BestEffort";
}
