/** Where paths of a container lead through the symbolic links of its image. Bubblewrap would follow them on the host. */
import { lstat, readlink } from "node:fs/promises";
import { join } from "node:path";

const MOST_LINKS = 40;

/** The path without symbolic links that `path` means in a container of these layers (lowest first). */
export async function resolveInside(path: string, layers: readonly string[]): Promise<string> {
  const left = path.split("/");
  let resolved: string[] = [];
  for (let links = 0; left.length > 0; ) {
    const part = left.shift() ?? "";
    if (part === "..") resolved.pop();
    if (part === ".." || part === "." || part === "") continue;
    const link = links < MOST_LINKS ? await linkAt([...resolved, part].join("/"), layers) : undefined;
    if (link === undefined) resolved.push(part);
    else {
      links++;
      if (link.startsWith("/")) resolved = [];
      left.unshift(...link.split("/"));
    }
  }
  return `/${resolved.join("/")}`;
}

/** What a symbolic link says; undefined for everything else. The highest layer that knows the path decides. */
async function linkAt(path: string, layers: readonly string[]): Promise<string | undefined> {
  for (const layer of layers.toReversed()) {
    const file = join(layer, path);
    const found = await lstat(file).catch(() => undefined);
    if (found) return found.isSymbolicLink() ? await readlink(file) : undefined;
  }
  return undefined;
}
