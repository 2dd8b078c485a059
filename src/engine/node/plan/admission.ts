/** Whether this node takes a pod at all: pure. A pod that is refused fails, and is not tried again. */
import type { Pod } from "#api/builtin/types.gen.ts";
import { forbiddenSysctls } from "../spec/security.ts";

/** Why the pod cannot run here, in words of the pod's status; undefined when it can. */
export function refusalOf(pod: Pod): { reason: string; message: string } | undefined {
  const { os } = pod.spec;
  if (os && os.name !== "linux")
    return { reason: "PodOSNotSupported", message: "Failed to admit pod as the OS field doesn't match node OS" };
  const [sysctl] = forbiddenSysctls(pod);
  if (sysctl !== undefined)
    return { reason: "SysctlForbidden", message: `Pod was rejected: forbidden sysctl: "${sysctl}" not allowlisted` };
  return undefined;
}
