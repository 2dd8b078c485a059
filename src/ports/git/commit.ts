/** Commits a directory's new content without a work tree. Many writers to one branch lose nothing. */
import { createHash } from "node:crypto";
import { GitError, type GitOptions, git } from "./cli.ts";
import { checkedPath, checkedRef } from "./names.ts";
import type { ObjectReader } from "./objects.ts";
import { type CommitInfo, listFiles, readCommit, treeAt } from "./tree.ts";

export type Author = { name: string; email: string };

export type CommitRequest = {
  branch: string;
  /** The directory whose whole content the files replace; `` is the root. */
  directory: string;
  /** Paths relative to the directory. Empty: the directory goes away. */
  files: ReadonlyMap<string, string | Uint8Array>;
  message: string;
  author: Author;
  /** Time of the commit. */
  time: Date;
};

export type CommitResult = {
  commit: CommitInfo;
  /** The branch's tip before; undefined when this commit is its first. */
  previous: string | undefined;
  /** False when the directory had this content already: `commit` is then the one that gave it. */
  changed: boolean;
};

/** New commits wait under this name until the branch moves; it is hidden from clients. */
const PENDING = "refs/slipway/pending";

/** The commit that gives `directory` this content on top of `tip`: written but on no branch yet, or one that exists. */
export async function writeCommit(
  repository: string,
  reader: ObjectReader,
  tip: string | undefined,
  request: CommitRequest,
  options: Pick<GitOptions, "signal"> = {},
): Promise<CommitResult> {
  const directory = checkedPath(request.directory);
  const base = tip === undefined ? undefined : await readCommit(reader, tip);
  if (base && (await isUnchanged(reader, base, directory, request.files))) {
    const args = ["log", "-1", "--format=%H", base.id, ...(directory ? ["--", directory] : [])];
    const id = (await git(args, { ...options, repository })).trim() || base.id;
    return { commit: await readCommit(reader, id), previous: base.id, changed: false };
  }
  const input = renderImport(request, directory, base?.id);
  const args = ["fast-import", "--quiet", "--done", "--force", "--date-format=raw"];
  const id = (await git(args, { ...options, repository, input })).trim();
  return { commit: await readCommit(reader, id), previous: base?.id, changed: true };
}

/** Moves the branch from `previous` to `commit`. Throws GitError Conflict when somebody else moved it. */
export async function moveBranch(
  repository: string,
  branch: string,
  { commit, previous }: Pick<CommitResult, "commit" | "previous">,
): Promise<void> {
  const before = previous ?? "0".repeat(40);
  const input = `update refs/heads/${checkedRef(branch)} ${commit.id} ${before}\ndelete ${PENDING}\n`;
  await git(["update-ref", "--stdin"], { repository, input });
}

async function isUnchanged(
  reader: ObjectReader,
  base: CommitInfo,
  directory: string,
  files: CommitRequest["files"],
): Promise<boolean> {
  const tree = await treeAt(reader, base, directory);
  const there = tree ? await listFiles(reader, tree) : [];
  const wanted = new Map([...files].map(([path, content]) => [checkedPath(path), blobId(content)]));
  return (
    there.length === wanted.size && there.every(({ path, id, kind }) => kind === "file" && wanted.get(path) === id)
  );
}

/** The id that git gives to a file's content. */
function blobId(content: string | Uint8Array): string {
  const bytes = Buffer.from(content);
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}

/** The fast-import stream of one commit; it prints the commit's id. */
function renderImport(request: CommitRequest, directory: string, base: string | undefined): Buffer {
  const { author, message, files } = request;
  const who = `${plain(author.name)} <${plain(author.email)}> ${Math.floor(request.time.getTime() / 1000)} +0000`;
  const parts: (string | Uint8Array)[] = [
    `commit ${PENDING}\nmark :1\nauthor ${who}\ncommitter ${who}\n`,
    ...data(message),
  ];
  if (base) parts.push(`from ${base}\n`, directory ? `D ${quoted(directory)}\n` : "deleteall\n");
  for (const [name, content] of files) {
    const path = checkedPath(name);
    if (path === "") throw new GitError("Invalid", "a file needs a name");
    parts.push(`M 100644 inline ${quoted(directory ? `${directory}/${path}` : path)}\n`, ...data(content));
  }
  parts.push("\nget-mark :1\ndone\n");
  return Buffer.concat(parts.map((part) => Buffer.from(part)));
}

function data(content: string | Uint8Array): (string | Uint8Array)[] {
  const bytes = Buffer.from(content);
  return [`data ${bytes.length}\n`, bytes, "\n"];
}

function quoted(path: string): string {
  return `"${path.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed
  return text.replaceAll(/[<>\x00-\x1f\x7f]/g, " ").trim() || "slipway";
}
