/** Where a container's volumes appear in it. */
import { mkdir, realpath, stat } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import type { Container, VolumeMount } from "#api/builtin/types.gen.ts";
import { type Mount, SandboxError } from "#ports/sandbox/runtime.ts";
import { expand } from "../spec/expand.ts";
import type { MountedVolume, Volumes } from "./volume.ts";

/**
 * The mounts of a container; `env` is what `subPathExpr` refers to. Throws SandboxError (CreateContainerConfigError)
 * when a mount has no volume, or when its path cannot be had.
 */
export async function containerMounts(
  container: Container,
  volumes: Volumes,
  env: Readonly<Record<string, string>>,
): Promise<Mount[]> {
  return await Promise.all(
    (container.volumeMounts ?? []).map(async (mount) => {
      const volume = volumes.get(mount.name);
      if (!volume) throw configError(`cannot find volume "${mount.name}" to mount into container "${container.name}"`);
      const subPath = subPathOf(mount, env);
      const source = subPath ? await resolveSubPath(volume, subPath) : volume.path;
      return {
        ...{ source, target: mount.mountPath, readOnly: volume.readOnly || mount.readOnly === true },
        ...(volume.noExec && { noExec: true }),
        ...(mount.mountPropagation === "HostToContainer" && { followsHost: true }),
      };
    }),
  );
}

function subPathOf({ subPath, subPathExpr }: VolumeMount, env: Readonly<Record<string, string>>): string | undefined {
  if (!subPathExpr) return subPath;
  const expanded = expand(subPathExpr, env);
  const unknown = [...subPathExpr.matchAll(/\$\(([^()]*)\)/g)].find(([, name = ""]) => !Object.hasOwn(env, name));
  if (unknown) throw configError(`missing value for "${unknown[1]}" in subPathExpr "${subPathExpr}"`);
  return expanded;
}

/** A path inside a volume. Links that a container left there must not lead out of it. */
async function resolveSubPath(volume: MountedVolume, subPath: string): Promise<string> {
  const clean = normalize(subPath);
  const outside = configError(`subPath "${subPath}" is not a path inside its volume`);
  if (clean.startsWith("/") || clean.split("/").includes("..")) throw outside;
  const root = await realpath(volume.path);
  const path = join(root, clean);
  const found = await realpath(path).catch(() => undefined);
  if (found !== undefined) {
    if (!isInside(found, root)) throw outside;
    return found;
  }
  if (volume.readOnly) throw configError(`subPath "${subPath}" is not there, and its volume is read-only`);
  const { mode } = await stat(root);
  await makeBelow(root, clean, mode & 0o7777, outside);
  return path;
}

/** Makes directories like the volume's own, one after the other, as long as they are in the volume. */
async function makeBelow(root: string, path: string, mode: number, outside: SandboxError): Promise<void> {
  const parent = dirname(path);
  if (parent !== ".") await makeBelow(root, parent, mode, outside);
  const real = await realpath(join(root, parent));
  if (!isInside(real, root)) throw outside;
  await mkdir(join(root, path), { mode }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
}

function isInside(path: string, root: string): boolean {
  return path === root || path.startsWith(`${root}/`);
}

function configError(message: string): SandboxError {
  return new SandboxError("CreateContainerConfigError", message);
}
