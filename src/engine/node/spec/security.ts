/** What a pod's security contexts mean for a container: container fields override pod fields one by one. Pure. */
import type { Container, Pod } from "#api/builtin/types.gen.ts";
import type { ImageConfig } from "#ports/oci/image.ts";
import { type ContainerSpec, SandboxError } from "#ports/sandbox/runtime.ts";

export type SecuritySpec = Pick<
  ContainerSpec,
  "user" | "groups" | "imageGroups" | "capabilities" | "noNewPrivileges" | "seccomp" | "sysctls"
>;

/** Throws SandboxError (CreateContainerConfigError) for what this node does not grant, and for root where it is forbidden. */
export function securityOf(pod: Pod, container: Container, image: ImageConfig): SecuritySpec {
  requireAllowed(pod, container);
  const { fsGroup, supplementalGroups = [], supplementalGroupsPolicy } = pod.spec.securityContext ?? {};
  const { allowPrivilegeEscalation } = container.securityContext ?? {};
  return {
    user: userOf(pod, container, image),
    groups: [...new Set([...(fsGroup === undefined ? [] : [fsGroup]), ...supplementalGroups])],
    imageGroups: supplementalGroupsPolicy !== "Strict",
    capabilities: capabilitiesOf(container).granted,
    noNewPrivileges: allowPrivilegeEscalation === false,
    seccomp: profileOf(pod, container) === "Unconfined" ? "unconfined" : "default",
    sysctls: sysctlsOf(pod),
  };
}

function profileOf({ spec }: Pod, { securityContext }: Container): string | undefined {
  return (securityContext?.seccompProfile ?? spec.securityContext?.seccompProfile)?.type;
}

function requireAllowed(pod: Pod, container: Container): void {
  const { privileged, procMount = "Default" } = container.securityContext ?? {};
  const refuse = (why: string): never => {
    throw new SandboxError("CreateContainerConfigError", `${why} ${whereOf(pod, container)}`);
  };
  if (privileged)
    refuse("privileged containers are not allowed on this node: add the capabilities that are needed instead");
  if (profileOf(pod, container) === "Localhost")
    refuse("this node has no seccomp profiles of its own: use RuntimeDefault or Unconfined");
  if (procMount !== "Default") refuse(`procMount ${procMount} needs a user namespace, which this node does not give`);
  if (pod.spec.hostPID || pod.spec.hostIPC) refuse("hostPID and hostIPC are not allowed on this node");
}

/** `uid[:gid]`; throws SandboxError when the pod forbids root and this is root. */
function userOf(pod: Pod, container: Container, { config = {} }: ImageConfig): string {
  const { runAsUser, runAsGroup, runAsNonRoot } = { ...pod.spec.securityContext, ...container.securityContext };
  const imageUser = config.User ?? "";
  if (runAsNonRoot) requireNonRoot(runAsUser, imageUser, whereOf(pod, container));
  if (runAsUser === undefined && runAsGroup === undefined) return imageUser;
  const user = runAsUser ?? (imageUser.split(":")[0] || "0");
  return runAsGroup === undefined ? String(user) : `${user}:${runAsGroup}`;
}

function requireNonRoot(runAsUser: number | undefined, imageUser: string, where: string): void {
  const refuse = (why: string): never => {
    throw new SandboxError("CreateContainerConfigError", `${why} ${where}`);
  };
  if (runAsUser === 0) refuse("container's runAsUser breaks non-root policy");
  if (runAsUser !== undefined) return;
  const [name = ""] = imageUser.split(":");
  if (name === "" || /^0+$/.test(name)) refuse("container has runAsNonRoot and image will run as root");
  if (!/^\d+$/.test(name))
    refuse(`container has runAsNonRoot and image has non-numeric user (${name}), cannot verify user is non-root`);
}

function whereOf({ metadata: { name, namespace, uid } }: Pod, container: Container): string {
  return `(pod: "${name}_${namespace}(${uid})", container: ${container.name})`;
}

const USUAL =
  "CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE".split(
    " ",
  );
/** May be added: they reach no further than the container and what it shares with its pod. */
const HARMLESS = ["IPC_LOCK", "IPC_OWNER", "LEASE", "NET_ADMIN", "SYS_NICE", "SYS_PTRACE"];

/** Additions first, then what is dropped by name; `ALL` stands for everything that this node grants. */
export function capabilitiesOf({ securityContext }: Container): { granted: string[]; refused: string[] } {
  const plain = (names: readonly string[]): string[] => names.map((name) => name.replace(/^CAP_/, ""));
  const add = plain(securityContext?.capabilities?.add ?? []);
  const drop = plain(securityContext?.capabilities?.drop ?? []);
  const grantable = new Set([...USUAL, ...HARMLESS]);
  const base = drop.includes("ALL") ? [] : add.includes("ALL") ? [...grantable] : USUAL;
  const wanted = new Set([...base, ...add.filter((name) => grantable.has(name))]);
  return {
    granted: [...wanted].filter((name) => !drop.includes(name)),
    refused: add.filter((name) => name !== "ALL" && !grantable.has(name)),
  };
}

/** Kernel settings that concern a pod's own namespaces only. */
const SAFE = new Set([
  "kernel.shm_rmid_forced",
  ...[
    ...["ip_local_port_range", "ip_unprivileged_port_start", "ip_local_reserved_ports", "tcp_syncookies"],
    ...["ping_group_range", "tcp_keepalive_time", "tcp_keepalive_intvl", "tcp_keepalive_probes", "tcp_fin_timeout"],
    ...["tcp_rmem", "tcp_wmem"],
  ].map((name) => `net.ipv4.${name}`),
]);

/** What every pod with a network of its own gets: ports below 1024, and echo requests, without privileges. */
const PRESET = { "net.ipv4.ip_unprivileged_port_start": "0", "net.ipv4.ping_group_range": "0 2147483647" };

function sysctlsOf({ spec }: Pod): Record<string, string> {
  const own = (spec.securityContext?.sysctls ?? []).map(({ name, value }) => [name.replaceAll("/", "."), value]);
  const all: Record<string, string> = { ...PRESET, ...Object.fromEntries(own) };
  if (!spec.hostNetwork) return all;
  return Object.fromEntries(Object.entries(all).filter(([name]) => !name.startsWith("net.")));
}

/** The kernel settings of a pod that this node does not let it change. */
export function forbiddenSysctls({ spec }: Pod): string[] {
  return (spec.securityContext?.sysctls ?? [])
    .map(({ name }) => name.replaceAll("/", "."))
    .filter((name) => !SAFE.has(name) || (spec.hostNetwork && name.startsWith("net.")));
}
