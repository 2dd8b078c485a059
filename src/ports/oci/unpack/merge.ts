/** Several unpacked layers as one directory, by hard links: how removals work without privileges or overlay whiteouts. */
import { chmod, chown, link, lstat, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Removals } from "./extract.ts";
import { hasRealParents, lstatIfAny } from "./paths.ts";

/** Fills the empty directory `target` with what the layers, lowest first, show when stacked. */
export async function mergeLayers(
  layers: readonly { path: string; removals: Removals }[],
  target: string,
  keepOwners: boolean,
): Promise<void> {
  for (const layer of layers) {
    await applyRemovals(target, layer.removals);
    await addTree(layer.path, target, keepOwners);
  }
}

async function applyRemovals(target: string, removals: Removals): Promise<void> {
  for (const path of removals.whiteouts)
    if (await hasRealParents(target, path)) await rm(join(target, path), { recursive: true, force: true });
  for (const path of removals.opaque) {
    if (!(await hasRealParents(target, path))) continue;
    if (!(await lstatIfAny(join(target, path)))?.isDirectory()) continue;
    for (const name of await readdir(join(target, path))) await rm(join(target, path, name), { recursive: true });
  }
}

async function addTree(from: string, to: string, keepOwners: boolean): Promise<void> {
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, destination] = [join(from, entry.name), join(to, entry.name)];
    const existing = await lstatIfAny(destination);
    const bothDirectories = existing?.isDirectory() === true && entry.isDirectory();
    if (existing && !bothDirectories) await rm(destination, { recursive: true });
    if (!entry.isDirectory()) {
      await link(source, destination);
      continue;
    }
    if (!bothDirectories) await mkdir(destination);
    await addTree(source, destination, keepOwners);
    const { mode, uid, gid } = await lstat(source);
    if (keepOwners) await chown(destination, uid, gid);
    await chmod(destination, mode & 0o7777);
  }
}
