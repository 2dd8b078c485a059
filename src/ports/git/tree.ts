/** Commits and trees: what is in them, as plain data. */
import { GitError } from "./cli.ts";
import { checkedPath } from "./names.ts";
import type { ObjectReader } from "./objects.ts";

/** One file of a tree. `path` is relative to the tree that was asked for. */
export type TreeFile = { path: string; kind: "file" | "executable" | "link"; id: string };

export type CommitInfo = { id: string; tree: string; parents: string[]; time: Date; message: string };

type Entry = { name: string; mode: string; id: string };

const ID_BYTES = 20;

/** The commit's own data. Throws GitError NotFound when it is not in the repository. */
export async function readCommit(reader: ObjectReader, id: string): Promise<CommitInfo> {
  const object = await reader.read(`${id}^{commit}`);
  if (!object) throw new GitError("NotFound", `commit ${id} is not in the repository`);
  return parseCommit(object.id, object.content.toString());
}

/** The parts of a commit object's text. */
function parseCommit(id: string, text: string): CommitInfo {
  const end = text.indexOf("\n\n");
  const header = text.slice(0, end).split("\n");
  const find = (key: string): string[] =>
    header.filter((line) => line.startsWith(`${key} `)).map((line) => line.slice(key.length + 1));
  const seconds = Number(/> (\d+) [+-]\d{4}$/.exec(find("committer")[0] ?? "")?.[1] ?? 0);
  return {
    id,
    tree: find("tree")[0] ?? "",
    parents: find("parent"),
    time: new Date(seconds * 1000),
    message: text.slice(end + 2),
  };
}

/** The id of the tree at `path` in a commit, or undefined when there is no such directory. */
export async function treeAt(reader: ObjectReader, commit: CommitInfo, path: string): Promise<string | undefined> {
  let tree: string | undefined = commit.tree;
  for (const segment of checkedPath(path).split("/").filter(Boolean)) {
    const entries: Entry[] = tree ? await readTree(reader, tree) : [];
    tree = entries.find(({ name, mode }) => name === segment && mode === "40000")?.id;
  }
  return tree;
}

/** Every file below a tree in path order; submodules are left out. */
export async function listFiles(reader: ObjectReader, tree: string, prefix = ""): Promise<TreeFile[]> {
  const files = (await readTree(reader, tree)).map(async ({ name, mode, id }): Promise<TreeFile[]> => {
    const path = `${prefix}${name}`;
    if (mode === "40000") return await listFiles(reader, id, `${path}/`);
    if (mode === "160000") return [];
    return [{ path, kind: mode === "120000" ? "link" : mode === "100755" ? "executable" : "file", id }];
  });
  return (await Promise.all(files)).flat();
}

/** Paths of the files that differ between two trees; equal subtrees are not read. */
export async function changedFiles(
  reader: ObjectReader,
  before: string | undefined,
  after: string | undefined,
  prefix = "",
): Promise<string[]> {
  if (before === after) return [];
  const left = new Map((before ? await readTree(reader, before) : []).map((entry) => [entry.name, entry]));
  const right = new Map((after ? await readTree(reader, after) : []).map((entry) => [entry.name, entry]));
  const changed: string[] = [];
  for (const name of new Set([...left.keys(), ...right.keys()])) {
    const [old, now] = [left.get(name), right.get(name)];
    if (old?.id === now?.id && old?.mode === now?.mode) continue;
    const trees = [old, now].map((entry) => (entry?.mode === "40000" ? entry.id : undefined));
    if (trees[0] || trees[1]) changed.push(...(await changedFiles(reader, trees[0], trees[1], `${prefix}${name}/`)));
    if ((old && !trees[0]) || (now && !trees[1])) changed.push(`${prefix}${name}`);
  }
  return changed;
}

async function readTree(reader: ObjectReader, id: string): Promise<Entry[]> {
  const object = await reader.read(id);
  if (object?.type !== "tree") throw new GitError("NotFound", `tree ${id} is not in the repository`);
  const entries = parseTree(object.content);
  const bad = entries.find(({ name }) => isUnsafe(name));
  if (bad)
    throw new GitError("Invalid", `tree ${id} holds the entry ${JSON.stringify(bad.name)}, which is not allowed`);
  return entries;
}

/** The entries of a tree object. */
function parseTree(content: Buffer): Entry[] {
  const entries: Entry[] = [];
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(0x20, at);
    const zero = content.indexOf(0, space);
    entries.push({
      mode: content.toString("latin1", at, space),
      name: content.toString("utf8", space + 1, zero),
      id: content.toString("hex", zero + 1, zero + 1 + ID_BYTES),
    });
    at = zero + 1 + ID_BYTES;
  }
  return entries;
}

/** Names that git itself never writes, and that would lead out of the directory that a tree is unpacked to. */
function isUnsafe(name: string): boolean {
  return name === "" || name === "." || name === ".." || name.includes("/") || name.toLowerCase() === ".git";
}
