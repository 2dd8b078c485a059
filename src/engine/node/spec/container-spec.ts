/** Pod specification and image configuration, joined into what a sandbox runs: pure. */
import type { Container, Pod } from "#api/builtin/types.gen.ts";
import type { ImageConfig } from "#ports/oci/image.ts";
import type { NetworkAttachment } from "#ports/sandbox/network/network.ts";
import { type ContainerSpec, type Mount, SandboxError } from "#ports/sandbox/runtime.ts";
import { expand } from "./expand.ts";
import { sandboxResources } from "./resources.ts";

export type SpecInput = {
  id: string;
  pod: Pod;
  container: Container;
  image: { config: ImageConfig; layers: readonly string[] };
  env: Readonly<Record<string, string>>;
  mounts: readonly Mount[];
  network: NetworkAttachment;
  /** True when programs must listen on the ports of the attachment. */
  remapsPorts: boolean;
  logPath: string;
};

/** Throws SandboxError when the two do not make a program, or break the pod's security rules. */
export function buildContainerSpec(input: SpecInput): ContainerSpec {
  const { pod, container, image, mounts, network, logPath } = input;
  const env = input.remapsPorts ? withPort(input) : { ...input.env };
  const { securityContext } = container;
  const groups = [pod.spec.securityContext?.fsGroup, ...(pod.spec.securityContext?.supplementalGroups ?? [])];
  const capabilities = capabilitiesOf(container, userOf(pod, container, image.config));
  return {
    id: input.id,
    rootfs: { layers: image.layers, readOnly: securityContext?.readOnlyRootFilesystem ?? false },
    args: commandOf(container, image.config, env),
    env,
    cwd: container.workingDir || image.config.config?.WorkingDir || "/",
    user: userOf(pod, container, image.config),
    groups: groups.filter((group) => group !== undefined),
    hostname: hostnameOf(pod),
    mounts,
    resources: sandboxResources(container),
    network,
    logPath,
    ...(capabilities && { capabilities }),
  };
}

/** The pod's host name: at most 63 characters, not ending in a dash or dot. */
export function hostnameOf(pod: Pod): string {
  return (pod.spec.hostname ?? pod.metadata.name).slice(0, 63).replace(/[-.]+$/, "");
}

function commandOf(
  container: Container,
  { config = {} }: ImageConfig,
  env: Readonly<Record<string, string>>,
): string[] {
  const { command, args } = container;
  const entrypoint = command?.length ? command : (config.Entrypoint ?? []);
  const rest = args?.length ? args : command?.length ? [] : (config.Cmd ?? []);
  const given = [...(command?.length ? command : []), ...(args?.length ? args : [])];
  const line = [...entrypoint, ...rest].map((word) => (given.includes(word) ? expand(word, env) : word));
  if (line.length === 0)
    throw new SandboxError("CreateContainerError", "no command specified: neither the image nor the container has one");
  return line;
}

/** `uid[:gid]`; throws SandboxError when the pod forbids root and this is root. */
function userOf(pod: Pod, container: Container, { config = {} }: ImageConfig): string {
  const merged = { ...pod.spec.securityContext, ...container.securityContext };
  const { runAsUser, runAsGroup, runAsNonRoot } = merged;
  const imageUser = config.User ?? "";
  if (runAsNonRoot)
    requireNonRoot(
      runAsUser,
      imageUser,
      `(pod: "${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})", container: ${container.name})`,
    );
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
  if (name === "" || name === "0") refuse("container has runAsNonRoot and image will run as root");
  if (!/^\d+$/.test(name))
    refuse(`container has runAsNonRoot and image has non-numeric user (${name}), cannot verify user is non-root`);
}

const ROOT_CAPABILITIES =
  "CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE".split(
    " ",
  );

/** Additions beyond the usual container set are not granted. */
function capabilitiesOf(container: Container, user: string): string[] | undefined {
  const { add = [], drop = [] } = container.securityContext?.capabilities ?? {};
  if (add.length === 0 && drop.length === 0) return undefined;
  const isRoot = user === "" || /^(0|root)(:|$)/.test(user);
  const base = isRoot && !drop.includes("ALL") ? ROOT_CAPABILITIES : [];
  const wanted = new Set([...base, ...add.filter((name) => ROOT_CAPABILITIES.includes(name))]);
  return [...wanted].filter((name) => !drop.includes(name));
}

/** Tells the program to listen on the port that is its own on the shared network. */
function withPort({ env, container, network }: SpecInput): Record<string, string> {
  const declared = env.PORT ?? container.ports?.[0]?.containerPort;
  return declared === undefined ? { ...env } : { ...env, PORT: String(network.port(Number(declared))) };
}
