/** A commit's tree as a deterministic tar stream: the same commit always gives the same bytes. */
import type { Readable } from "node:stream";
import { type Pack, pack } from "tar-stream";
import { GitError } from "./cli.ts";
import type { ObjectReader } from "./objects.ts";
import { listFiles, readCommit, type TreeFile, treeAt } from "./tree.ts";

export type ExportOptions = {
  /** A directory of the tree; its files come without this prefix. */
  subPath?: string;
  /** Which files to take; all when absent. */
  include?: (path: string) => boolean;
};

const READ_AHEAD = 16;

/** Files in path order, owned by root, as old as the commit. Errors surface on the stream. */
export function exportTree(reader: ObjectReader, commit: string, options: ExportOptions = {}): Readable {
  const tar = pack();
  writeTree(tar, reader, commit, options).then(
    () => tar.finalize(),
    (error: unknown) => tar.destroy(error as Error),
  );
  return tar as unknown as Readable;
}

async function writeTree(tar: Pack, reader: ObjectReader, commit: string, options: ExportOptions): Promise<void> {
  const info = await readCommit(reader, commit);
  const root = await treeAt(reader, info, options.subPath ?? "");
  if (!root) throw new GitError("NotFound", `directory "${options.subPath}" is not in commit ${commit}`);
  const { include = () => true } = options;
  const files = (await listFiles(reader, root)).filter((file) => include(file.path));
  for (let at = 0; at < files.length; at += READ_AHEAD) {
    const group = files.slice(at, at + READ_AHEAD);
    const contents = await Promise.all(group.map((file) => readBlob(reader, file)));
    for (const [index, file] of group.entries()) await writeFile(tar, file, contents[index] as Buffer, info.time);
  }
}

async function readBlob(reader: ObjectReader, file: TreeFile): Promise<Buffer> {
  const object = await reader.read(file.id);
  if (!object) throw new GitError("NotFound", `the content of ${file.path} is not in the repository`);
  return object.content;
}

function writeFile(tar: Pack, file: TreeFile, content: Buffer, mtime: Date): Promise<void> {
  const common = { name: file.path, mtime, uid: 0, gid: 0, uname: "root", gname: "root" };
  return new Promise((resolve, reject) => {
    const done = (error?: Error | null): void => (error ? reject(error) : resolve());
    if (file.kind === "link")
      tar.entry({ ...common, type: "symlink", mode: 0o777, linkname: content.toString() }, done);
    else
      tar.entry(
        { ...common, type: "file", mode: file.kind === "executable" ? 0o755 : 0o644, size: content.length },
        content,
        done,
      );
  });
}

export type ReadOptions = {
  /** Which files to read; all when absent. */
  include?: (path: string) => boolean;
  /** Reading more is an error. Default: 64 MiB. */
  maxBytes?: number;
};

/** The files below a directory of a commit, by path relative to it; links are left out. Throws GitError. */
export async function readFiles(
  reader: ObjectReader,
  commit: string,
  directory: string,
  options: ReadOptions = {},
): Promise<Map<string, Buffer>> {
  const tree = await treeAt(reader, await readCommit(reader, commit), directory);
  if (!tree) throw new GitError("NotFound", `directory "${directory}" is not in commit ${commit}`);
  const files = (await listFiles(reader, tree)).filter(
    (file) => file.kind !== "link" && (options.include?.(file.path) ?? true),
  );
  let left = options.maxBytes ?? 64 * 1024 * 1024;
  const contents = new Map<string, Buffer>();
  for (const file of files) {
    const content = await readBlob(reader, file);
    left -= content.length;
    if (left < 0) throw new GitError("Invalid", `directory "${directory}" holds too much to be read at once`);
    contents.set(file.path, content);
  }
  return contents;
}
