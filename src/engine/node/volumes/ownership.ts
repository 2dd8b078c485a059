/** Who may use a volume's files: a pod's fsGroup gets all of them. */
import { chmod, lchown, lstat, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Pod } from "#api/builtin/types.gen.ts";

const SET_GID = 0o2000;
const READ_WRITE = 0o660;
const READ_ONLY = 0o440;
const ENTER = 0o110;

export type GroupAccess = {
  gid: number;
  readOnly: boolean;
  /** Leaves a tree alone whose root is as it should be (`fsGroupChangePolicy: OnRootMismatch`). */
  onlyOnMismatch: boolean;
};

/** Gives the tree at `path` to the group. Without the right to do so, files keep their owners. */
export async function giveToGroup(path: string, access: GroupAccess): Promise<void> {
  if (access.onlyOnMismatch && (await isAsWanted(path, access))) return;
  await give(path, access);
}

async function give(path: string, access: GroupAccess): Promise<void> {
  const entry = await lstat(path);
  await lchown(path, -1, access.gid).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EPERM" && error.code !== "EINVAL") throw error;
  });
  if (entry.isSymbolicLink()) return;
  await chmod(path, (entry.mode & 0o7777) | wantedBits(access, entry.isDirectory()));
  if (!entry.isDirectory()) return;
  for (const name of await readdir(path)) await give(join(path, name), access);
}

function wantedBits({ readOnly }: GroupAccess, isDirectory: boolean): number {
  return (readOnly ? READ_ONLY : READ_WRITE) | (isDirectory ? SET_GID | ENTER : 0);
}

async function isAsWanted(path: string, access: GroupAccess): Promise<boolean> {
  const { gid, mode } = await stat(path);
  const bits = wantedBits(access, true);
  return gid === access.gid && (mode & bits) === bits;
}

/** The one user that all containers of a pod are told to run as; undefined when there are several, or none is named. */
export function onlyUser({ spec }: Pod): number | undefined {
  const all = [...(spec.initContainers ?? []), ...spec.containers];
  const users = new Set(
    all.map(({ securityContext }) => securityContext?.runAsUser ?? spec.securityContext?.runAsUser),
  );
  return users.size === 1 ? [...users][0] : undefined;
}
