/** Git as the rest of the program sees it: pin, export, read, commit; hosted and remote repositories alike. */
import type { Readable } from "node:stream";
import type { Remote } from "./access.ts";
import { GitError, git } from "./cli.ts";
import { type CommitRequest, type CommitResult, moveBranch, writeCommit } from "./commit.ts";
import { withoutCredentials } from "./credentials.ts";
import { type ExportOptions, exportTree, type ReadOptions, readFiles } from "./export.ts";
import { KeyedLock } from "./keyed-lock.ts";
import { type CallOptions, Mirrors } from "./mirror.ts";
import { checkedRef } from "./names.ts";
import { ObjectReader } from "./objects.ts";
import { type Location, type Pinned, pin, type RefSelector } from "./pin.ts";
import { changedFiles, readCommit, treeAt } from "./tree.ts";

export type RefUpdate = { ref: string; before: string | undefined; after: string | undefined };

export type GitPortOptions = {
  /** Where copies of remote repositories are kept. */
  cacheDirectory: string;
  /** Called after a commit of ours moved a branch of a local repository. */
  onCommit?: (path: string, update: RefUpdate) => void;
};

export interface GitPort {
  /** Exactly one commit for a branch, tag, range or commit. Throws GitError with a one-line message. */
  pin(location: Location, selector: RefSelector, options?: CallOptions): Promise<Pinned>;
  /** The tree as a deterministic tar stream. `repository` and `commit` are those of a pinned commit. */
  exportTree(repository: string, commit: string, options?: ExportOptions): Readable;
  /** Files below a directory by their path relative to it. */
  readFiles(repository: string, commit: string, directory: string, options?: ReadOptions): Promise<Map<string, Buffer>>;
  /** The id of a directory's tree: equal ids mean equal content. Undefined when there is no such directory. */
  treeId(repository: string, commit: string, directory: string): Promise<string | undefined>;
  /** Paths of the files that differ between two commits of a local repository. */
  changedFiles(repository: string, before: string, after: string): Promise<string[]>;
  /** True when the local repository holds the commit. */
  hasCommit(repository: string, commit: string): Promise<boolean>;
  /** Makes a directory hold exactly these files, with at most one commit. Durable when it returns. Throws GitError. */
  commitFiles(location: Location, request: CommitRequest, options?: CallOptions): Promise<CommitResult>;
  close(): void;
}

const ATTEMPTS = 20;
const COMMITS_BETWEEN_CLEANUPS = 500;

/** Opens the port; `close` ends the processes it keeps. */
export function createGitPort(options: GitPortOptions): GitPort {
  return new Port(options);
}

/** The copy of a remote, and its branch's newest commit. */
type Tip = { path: string; tip: string | undefined };

class Port implements GitPort {
  private readonly readers = new Map<string, ObjectReader>();
  private readonly lock = new KeyedLock();
  private readonly mirrors: Mirrors;
  private readonly onCommit: GitPortOptions["onCommit"];
  /** Where branches of remotes were when they were last pushed to. */
  private readonly tips = new Map<string, Tip>();
  private commits = 0;

  constructor(options: GitPortOptions) {
    this.mirrors = new Mirrors(options.cacheDirectory, this.lock);
    this.onCommit = options.onCommit;
  }

  pin(location: Location, selector: RefSelector, options: CallOptions = {}): Promise<Pinned> {
    return pin(location, selector, { mirrors: this.mirrors, reader: (path) => this.reader(path) }, options);
  }

  exportTree(repository: string, commit: string, options: ExportOptions = {}): Readable {
    return exportTree(this.reader(repository), commit, options);
  }

  readFiles(
    repository: string,
    commit: string,
    directory: string,
    options: ReadOptions = {},
  ): Promise<Map<string, Buffer>> {
    return readFiles(this.reader(repository), commit, directory, options);
  }

  async treeId(repository: string, commit: string, directory: string): Promise<string | undefined> {
    const reader = this.reader(repository);
    return await treeAt(reader, await readCommit(reader, commit), directory);
  }

  async changedFiles(repository: string, before: string, after: string): Promise<string[]> {
    const reader = this.reader(repository);
    const [left, right] = await Promise.all([readCommit(reader, before), readCommit(reader, after)]);
    return await changedFiles(reader, left.tree, right.tree);
  }

  async hasCommit(repository: string, commit: string): Promise<boolean> {
    return (await this.reader(repository).read(commit)) !== undefined;
  }

  async commitFiles(location: Location, request: CommitRequest, options: CallOptions = {}): Promise<CommitResult> {
    checkedRef(request.branch);
    for (let attempt = 1; ; attempt++) {
      try {
        return "path" in location
          ? await this.lock.run(location.path, () => this.commitLocally(location.path, request, options))
          : await this.lock.run(`commit ${location.url}`, () => this.commitRemotely(location, request, options));
      } catch (error) {
        if (!(error instanceof GitError) || error.reason !== "Conflict" || attempt >= ATTEMPTS) throw error;
      }
    }
  }

  close(): void {
    for (const reader of this.readers.values()) reader.close();
    this.readers.clear();
  }

  private async commitLocally(path: string, request: CommitRequest, options: CallOptions): Promise<CommitResult> {
    const reader = this.reader(path);
    const tip = await reader.read(`refs/heads/${request.branch}^{commit}`);
    const result = await writeCommit(path, reader, tip?.id, request, options);
    if (!result.changed) return result;
    await moveBranch(path, request.branch, result);
    this.onCommit?.(path, { ref: `refs/heads/${request.branch}`, before: result.previous, after: result.commit.id });
    if (++this.commits % COMMITS_BETWEEN_CLEANUPS === 0)
      await git(["gc", "--auto", "--quiet"], { repository: path }).catch(() => undefined);
    return result;
  }

  /**
   * Begins where the last push ended, without asking; the lease tells when that is not where the branch is. That a
   * directory has its content already is believed of a fresh copy only.
   */
  private async commitRemotely(remote: Remote, request: CommitRequest, options: CallOptions): Promise<CommitResult> {
    const ref = `refs/heads/${request.branch}`;
    const place = `${remote.url} ${ref}`;
    const remembered = this.tips.get(place);
    this.tips.delete(place);
    const { path, tip } = remembered ?? (await this.fetchTip(remote, ref, options));
    const result = await this.lock.run(path, async () => {
      const result = await writeCommit(path, this.reader(path), tip, request, options);
      if (!result.changed) return result;
      const lease = `--force-with-lease=${ref}:${tip ?? ""}`;
      const args = ["push", "--quiet", lease, "--", remote.url, `${result.commit.id}:${ref}`];
      const pushed = this.mirrors.reach(remote, (access) => git(args, { ...options, ...access, repository: path }));
      await pushed.catch((error: unknown) => {
        if (!(error instanceof GitError)) throw error;
        throw new GitError(error.reason, `${withoutCredentials(remote.url)}: ${error.message}`, { cause: error });
      });
      return result;
    });
    if (!result.changed) return remembered ? await this.commitRemotely(remote, request, options) : result;
    this.tips.set(place, { path, tip: result.commit.id });
    return result;
  }

  /** The branch as it is after the fetch: between asking and fetching others may have pushed. */
  private async fetchTip(remote: Remote, ref: string, options: CallOptions): Promise<Tip> {
    const { refs } = await this.mirrors.references(remote, [ref], options);
    const path = await this.mirrors.fetch(remote, refs.has(ref) ? [ref] : [], "full", options);
    const tip = refs.has(ref) ? await this.reader(path).read(`${ref}^{commit}`) : undefined;
    return { path, tip: tip?.id };
  }

  private reader(path: string): ObjectReader {
    let reader = this.readers.get(path);
    if (!reader) {
      reader = new ObjectReader(path);
      this.readers.set(path, reader);
    }
    return reader;
  }
}
