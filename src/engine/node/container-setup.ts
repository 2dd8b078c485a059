/** What an instance of a container is made of, once its pod's sandbox and its image are there. */
import { join } from "node:path";
import type { Container as ContainerDefinition, Pod } from "#api/builtin/types.gen.ts";
import type { UnpackedImage } from "#ports/oci/image.ts";
import type { ContainerSpec, Mount } from "#ports/sandbox/runtime.ts";
import type { NodeContext } from "./context.ts";
import { type InstanceFiles, prepareFiles } from "./instance-files.ts";
import type { ReadySandbox } from "./pod-sandbox.ts";
import { buildContainerSpec } from "./spec/container-spec.ts";
import { resolveEnvironment } from "./spec/environment.ts";
import { containerId } from "./survivors.ts";
import { containerMounts } from "./volumes/mounts.ts";

export type SetupOptions = {
  context: NodeContext;
  pod: Pod;
  definition: ContainerDefinition;
  /** How often it has run before. */
  instance: number;
  image: UnpackedImage;
  ready: ReadySandbox;
  /** Where the pod keeps its files. */
  directory: string;
};

/** Makes its files and its specification. Throws SandboxError or VolumeError for what it refers to and is not there. */
export async function setUpInstance(options: SetupOptions): Promise<{ spec: ContainerSpec; files: InstanceFiles }> {
  const { context, pod, definition, instance, image, ready, directory } = options;
  const env = await environment(options);
  const files = await prepareFiles(join(directory, definition.name), instance);
  const spec = buildContainerSpec({
    id: containerId(pod.metadata.uid ?? "", definition.name, instance),
    pod,
    container: definition,
    image,
    env,
    mounts: await mounts(options, env, files.terminationLog),
    network: ready.attachment,
    processesOf: await ready.processes(),
    remapsPorts: context.network.remapsPorts && !pod.spec.hostNetwork,
    logPath: files.log,
  });
  return { spec, files };
}

async function environment({ context, pod, definition, image, ready }: SetupOptions): Promise<Record<string, string>> {
  const { hostIP, nodeName, references } = context;
  const running = { pod, podIP: ready.attachment.ip, hostIP, nodeName };
  const imageEnv = image.config.config?.Env ?? [];
  return await resolveEnvironment({ container: definition, running, references, imageEnv });
}

/** The container's own mounts, and those that all have unless it has its own there. */
async function mounts(
  { definition, ready }: SetupOptions,
  env: Record<string, string>,
  terminationLog: string,
): Promise<Mount[]> {
  const own = await containerMounts(definition, ready.volumes, env);
  const target = definition.terminationMessagePath || "/dev/termination-log";
  const usual = [...ready.mounts, { source: terminationLog, target, readOnly: false }];
  return [...usual.filter((mount) => !own.some((other) => other.target === mount.target)), ...own];
}
