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

/** The groups of which the image's own /etc/group says that the user, `name` or `uid`, is a member; sorted. */
export async function imageGroups(user: string, layers: readonly string[]): Promise<number[]> {
  const [given = ""] = user === "" ? ["0"] : user.split(":", 1);
  const name = (await lookUp(layers, "etc/passwd", given))?.[0];
  if (!name) return [];
  const rows = await readRows(layers, "etc/group");
  const member = rows.filter((row) => row[3]?.split(",").includes(name) && isNumber(row[2] ?? ""));
  return [...new Set(member.map((row) => Number(row[2])))].sort((left, right) => left - right);
}

async function lookUp(layers: readonly string[], path: string, wanted: string): Promise<string[] | undefined> {
  const rows = await readRows(layers, path);
  return rows.find((row) => row[0] === wanted || (isNumber(wanted) && row[2] === wanted));
}

/** The file of the highest layer that has one. */
async function readRows(layers: readonly string[], path: string): Promise<string[][]> {
  for (const layer of layers.toReversed()) {
    const text = await readInside(layer, path);
    if (text !== undefined) return text.split("\n").map((line) => line.trim().split(":"));
  }
  return [];
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
