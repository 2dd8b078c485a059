/** The grammars of names that come from outside: repositories, refs, commits, paths inside a tree. */
import { GitError } from "./cli.ts";

const REPOSITORY = /^(?!.*(\.\.|\.git$|\.lock$|\.$))[a-z0-9][a-z0-9._-]{0,99}$/i;
const COMMIT = /^[0-9a-f]{40}$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const NOT_IN_REFS = /[\x00-\x20\x7f~^:?*[\\]|\.\.|@\{|\/\/|\/\.|^[-./]|[/.]$|\.lock($|\/)/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const NOT_IN_PATHS = /[\x00-\x1f\x7f]/;

/** True for a name that a hosted repository may have: one path segment, no tricks. */
export function isRepositoryName(name: string): boolean {
  return REPOSITORY.test(name);
}

/** True for a full, lower-case SHA-1. */
export function isCommit(text: string): boolean {
  return COMMIT.test(text);
}

/** The ref name, when git would accept it (git-check-ref-format). Throws GitError Invalid otherwise. */
export function checkedRef(name: string): string {
  if (name === "" || name === "@" || name.length > 250 || NOT_IN_REFS.test(name))
    throw new GitError("Invalid", `${JSON.stringify(name)} is not a valid ref name`);
  return name;
}

/**
 * A relative path in a tree, normalised (`./a/` and `/a` are `a`, `.` is ``). Throws GitError Invalid when it leaves the tree
 * or goes into a `.git` directory.
 */
export function checkedPath(path: string): string {
  const segments = path.split("/").filter((segment) => segment !== "" && segment !== ".");
  const bad = segments.some((segment) => segment === ".." || segment.toLowerCase() === ".git");
  if (bad || NOT_IN_PATHS.test(path))
    throw new GitError("Invalid", `path ${JSON.stringify(path)} is not allowed: give a relative path without ".."`);
  return segments.join("/");
}
