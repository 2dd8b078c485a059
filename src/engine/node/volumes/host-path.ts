/** hostPath volumes: what must be there, and what is made. */

import type { Stats } from "node:fs";
import { lstat, mkdir, open, stat } from "node:fs/promises";
import type { HostPathVolumeSource } from "#api/builtin/types.gen.ts";
import { type HostGuard, requireForeign } from "./host-guard.ts";
import { VolumeError } from "./volume.ts";

type Check = { is: (entry: Stats) => boolean; what: string };

const CHECKS: { readonly [type: string]: Check } = {
  Directory: { is: (entry) => entry.isDirectory(), what: "directory" },
  DirectoryOrCreate: { is: (entry) => entry.isDirectory(), what: "directory" },
  File: { is: (entry) => entry.isFile(), what: "file" },
  FileOrCreate: { is: (entry) => entry.isFile(), what: "file" },
  Socket: { is: (entry) => entry.isSocket(), what: "socket file" },
  CharDevice: { is: (entry) => entry.isCharacterDevice(), what: "character device" },
  BlockDevice: { is: (entry) => entry.isBlockDevice(), what: "block device" },
};

/** Checks the path as its type says, and makes what is missing where the type allows it. Throws VolumeError. */
export async function prepareHostPath({ path, type = "" }: HostPathVolumeSource, guard: HostGuard): Promise<void> {
  await requireForeign(path, guard);
  if (type === "") return await makeDirectory(path);
  const check = CHECKS[type];
  if (!check) throw new VolumeError(`hostPath type "${type}" is not known`);
  if (type === "DirectoryOrCreate") await makeDirectory(path);
  if (type === "FileOrCreate") await makeFile(path);
  const entry = await stat(path).catch(() => undefined);
  if (!entry || !check.is(entry)) throw new VolumeError(`hostPath type check failed: ${path} is not a ${check.what}`);
}

async function makeDirectory(path: string): Promise<void> {
  if (await lstat(path).catch(() => undefined)) return;
  await mkdir(path, { recursive: true, mode: 0o755 }).catch(asVolumeError);
}

/** Its directory must exist. */
async function makeFile(path: string): Promise<void> {
  if (await lstat(path).catch(() => undefined)) return;
  await open(path, "a", 0o644).then((file) => file.close(), asVolumeError);
}

function asVolumeError(error: Error): never {
  throw new VolumeError(error.message, { cause: error });
}
