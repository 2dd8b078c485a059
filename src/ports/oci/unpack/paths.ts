/** Paths from archives: never outside the directory they are unpacked into, and never through a link. */
import { lstat } from "node:fs/promises";
import { join } from "node:path";

/** An archive that tries to write where it must not, or is larger than allowed. */
export class UnsafeArchive extends Error {
  override name = "UnsafeArchive";
}

/** The name as a relative path without `.` and empty parts; "" is the root itself. Throws UnsafeArchive for `..`. */
export function safePath(name: string): string {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..") || name.includes("\0"))
    throw new UnsafeArchive(`entry ${JSON.stringify(name)} leads outside the layer`);
  return parts.join("/");
}

/** True when every parent of `path` below `root` is a real directory, so that using it follows no link. */
export async function hasRealParents(root: string, path: string): Promise<boolean> {
  const parts = path.split("/").slice(0, -1);
  for (let depth = 1; depth <= parts.length; depth++) {
    const stats = await lstatIfAny(join(root, ...parts.slice(0, depth)));
    if (!stats?.isDirectory()) return false;
  }
  return true;
}

/** What is there itself, not what a link leads to; undefined when nothing is. */
export async function lstatIfAny(path: string): Promise<import("node:fs").Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
