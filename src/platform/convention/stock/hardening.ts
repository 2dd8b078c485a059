/** The security context and the resource requests that any application can live with. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";
import { deepEqual } from "#kit/json.ts";
import type { ImageDescription } from "../convention.ts";
import { userOf } from "./image-facts.ts";

/**
 * The container confined as far as its user allows. Programs that run as root may rely on root's capabilities, so
 * only those that do not are stripped of them. What the user set stays.
 */
export function harden(container: k8s.Container, pod: k8s.PodSpec, image: ImageDescription): k8s.Container {
  const given = container.securityContext ?? {};
  if (given.privileged) return container;
  const fromPod = pod.securityContext ?? {};
  const user = given.runAsUser ?? fromPod.runAsUser ?? userOf(image);
  const profile = given.seccompProfile ?? fromPod.seccompProfile;
  const securityContext = {
    ...(!profile && { seccompProfile: { type: "RuntimeDefault" } }),
    ...(user !== undefined && user > 0 && unprivileged(fromPod)),
    ...given,
  };
  return deepEqual(securityContext, given) ? container : { ...container, securityContext };
}

function unprivileged(fromPod: k8s.PodSecurityContext): k8s.SecurityContext {
  return {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ["ALL"] },
    ...(fromPod.runAsNonRoot === undefined && { runAsNonRoot: true }),
  };
}

/** The container with the requests it lacks; a limit without a request is its own request. */
export function withRequests(container: k8s.Container, requests: Readonly<Record<string, string>>): k8s.Container {
  const { requests: given = {}, limits = {} } = container.resources ?? {};
  const missing = Object.entries(requests).filter(([name]) => !(name in given) && !(name in limits));
  if (missing.length === 0) return container;
  return {
    ...container,
    resources: { ...container.resources, requests: { ...given, ...Object.fromEntries(missing) } },
  };
}
