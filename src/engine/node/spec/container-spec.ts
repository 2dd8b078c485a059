/** Pod specification and image configuration, joined into what a sandbox runs: pure. */
import type { Container, Pod } from "#api/builtin/types.gen.ts";
import type { ImageConfig } from "#ports/oci/image.ts";
import type { NetworkAttachment } from "#ports/sandbox/network/network.ts";
import { type ContainerSpec, type Mount, SandboxError } from "#ports/sandbox/runtime.ts";
import { stopSignal } from "../termination.ts";
import { expand } from "./expand.ts";
import { sandboxResources } from "./resources.ts";
import { securityOf } from "./security.ts";

export type SpecInput = {
  id: string;
  pod: Pod;
  container: Container;
  image: { config: ImageConfig; layers: readonly string[] };
  env: Readonly<Record<string, string>>;
  mounts: readonly Mount[];
  network: NetworkAttachment;
  /** The process whose PID namespace the pod's containers share. */
  processesOf?: number | undefined;
  /** True when programs must listen on the ports of the attachment. */
  remapsPorts: boolean;
  logPath: string;
};

/** Throws SandboxError when the two do not make a program, or break the pod's security rules. */
export function buildContainerSpec(input: SpecInput): ContainerSpec {
  const { pod, container, image, mounts, network, logPath } = input;
  const env = input.remapsPorts ? withPort(input) : { ...input.env };
  return {
    id: input.id,
    rootfs: { layers: image.layers, readOnly: container.securityContext?.readOnlyRootFilesystem ?? false },
    args: commandOf(container, image.config, env),
    env,
    cwd: container.workingDir || image.config.config?.WorkingDir || "/",
    hostname: hostnameOf(pod),
    mounts,
    resources: sandboxResources(container),
    network,
    ...(input.processesOf !== undefined && { processesOf: input.processesOf }),
    logPath,
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    terminal: container.tty ?? false,
    detached: true,
    stopSignal: stopSignal(container.lifecycle?.stopSignal, image.config.config?.StopSignal),
    ...securityOf(pod, container, image.config),
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

/** Tells the program to listen on the port that is its own on the shared network. */
function withPort({ env, container, network }: SpecInput): Record<string, string> {
  const declared = env.PORT ?? container.ports?.[0]?.containerPort;
  return declared === undefined ? { ...env } : { ...env, PORT: String(network.port(Number(declared))) };
}
