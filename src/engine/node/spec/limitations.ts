/** What a container asks for and does not get, in one sentence each: pure. */
import type { Container, Pod } from "#api/builtin/types.gen.ts";
import type { SandboxRuntime } from "#ports/sandbox/runtime.ts";
import { capabilitiesOf } from "./security.ts";

/** Said in events when the container starts, so that nobody relies on it. */
export function limitationsOf(pod: Pod, container: Container, runtime: Pick<SandboxRuntime, "enforces">): string[] {
  const { name, resources, securityContext } = container;
  const said: string[] = [];
  const { refused } = capabilitiesOf(container);
  if (refused.length > 0)
    said.push(`capabilities ${refused.join(", ")} are not granted to container ${name}: they reach beyond it`);
  const limits = Object.keys(resources?.limits ?? {}).filter((resource) => resource === "cpu" || resource === "memory");
  if (limits.length > 0 && !runtime.enforces.limits)
    said.push(
      `limits of container ${name} (${limits.join(", ")}) are not enforced: that needs cgroups, and those need root`,
    );
  const { fsGroup, supplementalGroups = [] } = pod.spec.securityContext ?? {};
  if ((fsGroup !== undefined || supplementalGroups.length > 0) && !runtime.enforces.groups)
    said.push(`container ${name} does not get its supplementary groups: that needs root`);
  const profile = securityContext?.seccompProfile ?? pod.spec.securityContext?.seccompProfile;
  if (profile?.type === "RuntimeDefault" && !runtime.enforces.seccomp)
    said.push(`container ${name} runs without a seccomp filter: that needs runc`);
  if (pod.spec.shareProcessNamespace && !runtime.enforces.sharedProcesses)
    said.push("containers of the pod do not see each other's processes: shareProcessNamespace needs runc");
  if (pod.spec.hostUsers === false) said.push("the pod has no user namespace of its own: hostUsers is not supported");
  return said;
}
