/** Local copies of remote repositories: only the refs that somebody asked for. */
import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type Access, type Remote, withAccess } from "./access.ts";
import { GitError, git } from "./cli.ts";
import { withoutCredentials } from "./credentials.ts";
import type { KeyedLock } from "./keyed-lock.ts";

export type CallOptions = { signal?: AbortSignal | undefined; timeoutMs?: number | undefined };

/** The mirrors below one directory. They are a cache: deleting them costs one more fetch. */
export class Mirrors {
  private readonly directory: string;
  private readonly lock: KeyedLock;

  constructor(directory: string, lock: KeyedLock) {
    this.directory = directory;
    this.lock = lock;
    // Nobody else works here: keys are left only by a process that was killed.
    rmSync(this.keys, { recursive: true, force: true });
  }

  private get keys(): string {
    return join(this.directory, "keys");
  }

  /** Runs `work` with what reaches the remote, see {@link withAccess}. */
  reach<T>(remote: Remote, work: (access: Access) => Promise<T>): Promise<T> {
    return withAccess(remote, this.keys, work);
  }

  /** Where the mirror of a remote is, or will be; histories are kept apart from shallow copies. */
  path(url: string, depth: "shallow" | "full"): string {
    const id = createHash("sha256").update(url).digest("hex").slice(0, 32);
    return join(this.directory, `${id}-${depth}.git`);
  }

  /** Refs of the remote by name, with the branch that HEAD points to. */
  async references(remote: Remote, patterns: readonly string[], options: CallOptions): Promise<RemoteReferences> {
    const args = ["ls-remote", "--symref", "--", remote.url, ...patterns];
    return parseReferences(await this.reach(remote, (access) => git(args, { ...options, ...access })));
  }

  /** Brings refs or commits of the remote up to date in the mirror, under the same names; returns the mirror's path. */
  async fetch(
    remote: Remote,
    wanted: readonly string[],
    depth: "shallow" | "full",
    options: CallOptions,
  ): Promise<string> {
    const path = this.path(remote.url, depth);
    await this.lock.run(path, async () => {
      try {
        await this.fetchOnce(path, remote, wanted, depth, options);
      } catch (error) {
        if (!isBroken(error)) throw error;
        await rm(path, { recursive: true, force: true });
        await this.fetchOnce(path, remote, wanted, depth, options);
      }
    });
    return path;
  }

  private async fetchOnce(
    path: string,
    remote: Remote,
    wanted: readonly string[],
    depth: "shallow" | "full",
    options: CallOptions,
  ): Promise<void> {
    const { url } = remote;
    await git(["init", "--bare", "--quiet", "--initial-branch=main", "--", path], options);
    if (wanted.length === 0) return;
    const refspecs = wanted.map((name) => (name.startsWith("refs/") ? `+${name}:${name}` : name));
    const shallow = depth === "shallow" ? ["--depth=1"] : [];
    const args = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", ...shallow, "--", url, ...refspecs];
    const fetched = this.reach(remote, (access) => git(args, { ...options, ...access, repository: path }));
    await fetched.catch((error: unknown) => {
      if (!(error instanceof GitError)) throw error;
      const words = withoutCredentials(error.message);
      throw new GitError(error.reason, `${withoutCredentials(url)}: ${words}`, { cause: error });
    });
  }
}

export type RemoteReferences = { head: string | undefined; refs: Map<string, string> };

/** The output of `git ls-remote --symref`; annotated tags count as the commits they name. */
function parseReferences(text: string): RemoteReferences {
  const refs = new Map<string, string>();
  let head: string | undefined;
  for (const line of text.split("\n")) {
    const symbolic = /^ref: (\S+)\tHEAD$/.exec(line);
    if (symbolic) head = symbolic[1];
    const [id, name] = line.split("\t");
    if (id && name && /^[0-9a-f]{40}$/.test(id)) refs.set(name.replace(/\^\{\}$/, ""), id);
  }
  return { head, refs };
}

/** A mirror that an interrupted fetch left unusable. */
function isBroken(error: unknown): boolean {
  return error instanceof GitError && /File exists|not a git repository|corrupt|bad object/i.test(error.message);
}
