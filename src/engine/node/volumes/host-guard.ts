/** Keeps the platform's own files, its keys among them, out of what pods see of the machine. */
import { realpath } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import type { Mount } from "#ports/sandbox/runtime.ts";
import { VolumeError } from "./volume.ts";

export type HostGuard = {
  /** The directory of the platform, without links. */
  directory: string;
  /** The part of it that is for volumes, which pods may have by claims. */
  volumes: string;
  /** An empty directory that takes its place where a pod mounts what is around it. */
  cover: string;
};

/** Throws VolumeError when the path, or what it leads to, is the platform's own. */
export async function requireForeign(path: string, { directory }: HostGuard): Promise<void> {
  if (isInside(await located(resolve(path)), directory)) throw ownFiles(path);
}

/** The same for the path of a persistent volume: those that were made here are for pods. */
export async function requireClaimable(path: string, guard: HostGuard): Promise<void> {
  const real = await located(resolve(path));
  if (isInside(real, guard.directory) && !isInside(real, `${guard.volumes}/`)) throw ownFiles(path);
}

/** What must be mounted over a mount of the machine's files, so that the platform's are not in it. */
export async function coversOf({ source, target }: Mount, { directory, cover }: HostGuard): Promise<Mount[]> {
  const real = await realpath(source).catch(() => source);
  if (!isInside(directory, real)) return [];
  return [{ source: cover, target: join(target, relative(real, directory)), readOnly: true }];
}

/** Where a path leads, also when it is not there yet. */
async function located(path: string): Promise<string> {
  const real = await realpath(path).catch(() => undefined);
  return real ?? join(await located(dirname(path)), basename(path));
}

function isInside(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory.endsWith("/") ? directory : `${directory}/`);
}

function ownFiles(path: string): VolumeError {
  return new VolumeError(`${path} belongs to the platform and is not for pods: use another directory`);
}
