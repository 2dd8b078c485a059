/**
 * A directory whose files all change at once. `..data` points to a directory with a version of the files, and every
 * visible name points through it, so that renaming one link replaces them all.
 */
import { createHash } from "node:crypto";
import { chmod, chown, mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { VolumeError, type VolumeFile } from "./volume.ts";

const DATA = "..data";

export type AtomicDirectoryOptions = {
  path: string;
  clock: () => Date;
  /** Gives a version its owners before anybody sees it. */
  prepare: (path: string) => Promise<void>;
};

/** One volume's directory, also one that an earlier run of the program has filled. Calls must not overlap. */
export class AtomicDirectory {
  private readonly options: AtomicDirectoryOptions;
  private digest: string | undefined;

  constructor(options: AtomicDirectoryOptions) {
    this.options = options;
  }

  /** Makes the directory show exactly `files`, later ones over earlier ones. Throws VolumeError for paths that lead out. */
  async publish(files: readonly VolumeFile[]): Promise<void> {
    const { path } = this.options;
    const wanted = [...new Map(files.map((file) => [safePath(file.path), file])).entries()];
    const digest = digestOf(wanted);
    if (digest === this.digest) return;
    await mkdir(path, { recursive: true, mode: 0o755 });
    const version = await this.write(wanted);
    await pointTo(version, join(path, DATA));
    await this.tidy(version, new Set(wanted.map(([name]) => name.split("/")[0] ?? "")));
    this.digest = digest;
  }

  /** Writes the files into a new version directory; returns its name. */
  private async write(files: readonly (readonly [name: string, file: VolumeFile])[]): Promise<string> {
    const { path, clock, prepare } = this.options;
    const stamp = clock().toISOString().slice(0, 19).replace(/[-T:]/g, "_");
    const directory = await mkdtemp(join(path, `..${stamp}.`));
    await Promise.all([chmod(directory, 0o755), ...files.map(([name, file]) => writeOne(join(directory, name), file))]);
    await prepare(directory);
    return directory.slice(path.length + 1);
  }

  /** Adds visible names that are new, and removes those that are over as well as older versions. */
  private async tidy(version: string, names: ReadonlySet<string>): Promise<void> {
    const { path } = this.options;
    const present = new Set(await readdir(path));
    const kept = new Set([...names, DATA, version]);
    await Promise.all([
      ...[...names].filter((name) => !present.has(name)).map((name) => symlink(join(DATA, name), join(path, name))),
      ...[...present]
        .filter((name) => !kept.has(name))
        .map((name) => rm(join(path, name), { recursive: true, force: true })),
    ]);
  }
}

async function writeOne(path: string, { path: name, content, mode, uid }: VolumeFile): Promise<void> {
  if (name.includes("/")) await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  await writeFile(path, content, { mode });
  await chmod(path, mode);
  if (uid !== undefined) await chown(path, uid, -1).catch(unlessNotPermitted);
}

/** Makes the link point to `target`, at once for everybody who follows it. */
async function pointTo(target: string, link: string): Promise<void> {
  const temporary = `${link}_tmp`;
  await symlink(target, temporary).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
    await rm(temporary, { force: true });
    await symlink(target, temporary);
  });
  await rename(temporary, link);
}

/** A relative path that stays below its directory and takes no name of ours. Throws VolumeError otherwise. */
function safePath(path: string): string {
  const clean = normalize(path);
  if (clean === "." || clean.startsWith("/") || clean.startsWith(".."))
    throw new VolumeError(`invalid path "${path}": it must be relative and must not start with ".."`);
  return clean;
}

function digestOf(files: readonly (readonly [name: string, file: VolumeFile])[]): string {
  const hash = createHash("sha256");
  for (const [name, { content, mode, uid }] of files)
    hash.update(JSON.stringify([name, mode, uid, content.length])).update(content);
  return hash.digest("hex");
}

/** Without privileges every file belongs to the one user there is. */
function unlessNotPermitted(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPERM" && error.code !== "EINVAL") throw error;
}
