/** From a branch, tag, version range or commit to exactly one commit. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Remote } from "./access.ts";
import { GitError, git } from "./cli.ts";
import { withoutCredentials } from "./credentials.ts";
import type { CallOptions, Mirrors } from "./mirror.ts";
import { checkedRef, isCommit } from "./names.ts";
import type { ObjectReader } from "./objects.ts";
import { highestInRange, isRange } from "./semver.ts";
import { type CommitInfo, readCommit } from "./tree.ts";

/** A bare repository on this machine, or one that is reached by URL. */
export type Location = { path: string; url?: string } | Remote;

/**
 * What to pin. The first one given wins, in this order. `revision` is whatever people write: HEAD, a branch, a tag, a version
 * range or a full commit.
 */
export type RefSelector = {
  commit?: string | undefined;
  name?: string | undefined;
  semver?: string | undefined;
  tag?: string | undefined;
  branch?: string | undefined;
  revision?: string | undefined;
};

/** A commit, the local repository that holds it, and its revision as Flux writes it: `main@sha1:<commit>`. */
export type Pinned = { repository: string; commit: CommitInfo; revision: string };

export type PinContext = { mirrors: Mirrors; reader: (path: string) => ObjectReader };

/** Pins a commit; of a remote repository just the needed ref is fetched. Throws GitError. */
export async function pin(
  location: Location,
  selector: RefSelector,
  context: PinContext,
  options: CallOptions = {},
): Promise<Pinned> {
  const place = "path" in location ? (location.url ?? location.path) : withoutCredentials(location.url);
  const refs = "path" in location ? localRefs(location.path, context) : remoteRefs(location, context, options);
  let words = "revision";
  try {
    const target = await chooseTarget(selector, refs, place);
    words = target.words;
    const repository = await obtain(location, target, context, options);
    const commit = await readCommit(context.reader(repository), target.commit ?? target.ref);
    return { repository, commit, revision: `${target.label ? `${target.label}@` : ""}sha1:${commit.id}` };
  } catch (error) {
    if (!(error instanceof GitError) || error.reason !== "NotFound") throw error;
    if (/remote ref|is not in the repository|not our ref/.test(error.message))
      throw new GitError("NotFound", `${words} not found in ${place}`, { cause: error });
    if (error.message.endsWith(`found in ${place}`)) throw error;
    throw new GitError("NotFound", `repository ${place} not found`, { cause: error });
  }
}

type Target = { ref: string; commit?: string; label: string; words: string };
type Refs = { find: (names: readonly string[]) => Promise<string | undefined>; tags: () => Promise<string[]> };

async function chooseTarget(selector: RefSelector, refs: Refs, place: string): Promise<Target> {
  const { commit, name, semver, tag, branch, revision } = selector;
  if (commit !== undefined) return atCommit(commit, branch);
  if (name !== undefined) return { ref: checkedRef(name), label: name, words: `reference "${name}"` };
  if (semver !== undefined) return await inRange(semver, refs, place);
  if (tag !== undefined) return { ref: `refs/tags/${checkedRef(tag)}`, label: tag, words: `tag "${tag}"` };
  if (branch !== undefined) return onBranch(branch);
  return await anything(revision ?? "HEAD", refs, place);
}

function onBranch(branch: string): Target {
  return { ref: `refs/heads/${checkedRef(branch)}`, label: branch, words: `branch "${branch}"` };
}

function atCommit(commit: string, branch: string | undefined): Target {
  if (!isCommit(commit)) throw new GitError("Invalid", `"${commit}" is not a full commit: give all 40 digits`);
  const ref = branch === undefined ? commit : `refs/heads/${checkedRef(branch)}`;
  return { ref, commit, label: branch ?? "", words: `commit ${commit}` };
}

async function inRange(range: string, refs: Refs, place: string): Promise<Target> {
  let tag: string | undefined;
  try {
    tag = highestInRange(await refs.tags(), range);
  } catch (error) {
    if (error instanceof RangeError) throw new GitError("Invalid", error.message, { cause: error });
    throw error;
  }
  if (tag === undefined) throw new GitError("NotFound", `no tag in the range "${range}" found in ${place}`);
  return { ref: `refs/tags/${tag}`, label: tag, words: `tag "${tag}"` };
}

async function anything(revision: string, refs: Refs, place: string): Promise<Target> {
  if (isCommit(revision)) return atCommit(revision, undefined);
  if (isRange(revision)) return await inRange(revision, refs, place);
  const names =
    revision === "HEAD"
      ? ["HEAD"]
      : ["", "refs/heads/", "refs/tags/"].map((prefix) => `${prefix}${checkedRef(revision)}`);
  const ref = await refs.find(names.filter((name) => name === "HEAD" || name.startsWith("refs/")));
  if (!ref) throw new GitError("NotFound", `revision "${revision}" not found in ${place}`);
  return { ref, label: ref.replace(/^refs\/(heads|tags)\//, ""), words: `revision "${revision}"` };
}

async function obtain(location: Location, target: Target, context: PinContext, options: CallOptions): Promise<string> {
  if ("path" in location) return location.path;
  if (!target.commit) return await context.mirrors.fetch(location, [target.ref], "shallow", options);
  const mirror = context.mirrors.path(location.url, "shallow");
  const known = await context
    .reader(mirror)
    .read(target.commit)
    .catch(() => undefined);
  if (known) return mirror;
  try {
    return await context.mirrors.fetch(location, [target.commit], "shallow", options);
  } catch (error) {
    if (!(error instanceof GitError) || !/not our ref|unadvertised/.test(error.message)) throw error;
    return await context.mirrors.fetch(location, ["refs/heads/*"], "full", options);
  }
}

function localRefs(path: string, { reader }: PinContext): Refs {
  return {
    find: async (names) => {
      if (names[0] === "HEAD") return await headOf(path);
      for (const name of names) if (await reader(path).read(name)) return name;
      return undefined;
    },
    tags: async () => {
      const args = ["for-each-ref", "--format=%(refname)", "--", "refs/tags"];
      const names = (await git(args, { repository: path })).split("\n").filter(Boolean);
      return names.map((name) => name.slice("refs/tags/".length));
    },
  };
}

/** The branch that HEAD names, whether it exists or not. */
async function headOf(path: string): Promise<string | undefined> {
  const text = await readFile(join(path, "HEAD"), "utf8").catch(() => "");
  return /^ref: (\S+)\s*$/.exec(text)?.[1];
}

function remoteRefs(remote: Remote, { mirrors }: PinContext, options: CallOptions): Refs {
  return {
    find: async (names) => {
      const { head, refs } = await mirrors.references(remote, names, options);
      return names[0] === "HEAD" ? head : names.find((name) => refs.has(name));
    },
    tags: async () => {
      const { refs } = await mirrors.references(remote, ["refs/tags/*"], options);
      return [...refs.keys()].map((name) => name.slice("refs/tags/".length));
    },
  };
}
