/** Which numbers a container's user is: from digits, or from the image's own /etc/passwd and /etc/group. */
import { readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import { SandboxError } from "./runtime.ts";

export type UserIds = { uid: number; gid: number };

/** Resolves `uid`, `uid:gid`, `name` or `name:group`. Throws SandboxError when the image does not know a name. */
export async function resolveUser(user: string, layers: readonly string[]): Promise<UserIds> {
  const [name = "", group] = user === "" ? ["0"] : user.split(":", 2);
  if (isNumber(name) && group !== undefined && isNumber(group)) return { uid: Number(name), gid: Number(group) };
  const passwd = await lookUp(layers, "etc/passwd", name);
  if (!passwd && !isNumber(name)) throw unknown("user", name, "/etc/passwd");
  const uid = Number(passwd?.[2] ?? name);
  if (group === undefined) return { uid, gid: Number(passwd?.[3] ?? 0) };
  if (isNumber(group)) return { uid, gid: Number(group) };
  const found = await lookUp(layers, "etc/group", group);
  if (!found) throw unknown("group", group, "/etc/group");
  return { uid, gid: Number(found[2]) };
}

async function lookUp(layers: readonly string[], path: string, wanted: string): Promise<string[] | undefined> {
  for (const layer of layers.toReversed()) {
    const text = await readInside(layer, path);
    if (text === undefined) continue;
    const rows = text.split("\n").map((line) => line.split(":"));
    return rows.find((row) => row[0] === wanted || (isNumber(wanted) && row[2] === wanted));
  }
  return undefined;
}

/** The file's text; a link that leads out of the layer counts as absent. */
async function readInside(layer: string, path: string): Promise<string | undefined> {
  try {
    const [root, file] = await Promise.all([realpath(layer), realpath(join(layer, path))]);
    return file.startsWith(`${root}/`) ? await readFile(file, "utf8") : undefined;
  } catch {
    return undefined;
  }
}

function isNumber(text: string): boolean {
  return /^\d+$/.test(text);
}

function unknown(what: string, name: string, file: string): SandboxError {
  return new SandboxError(
    "CreateContainerError",
    `unable to find ${what} ${name}: no matching entries in the image's ${file}; use a numeric id or add the entry`,
  );
}
