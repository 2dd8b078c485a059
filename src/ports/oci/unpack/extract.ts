/** Unpacks the entries of a layer's tar into an empty directory; nothing outside of it is read or written. */
import { constants } from "node:fs";
import { chmod, chown, lchown, link, mkdir, open, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { type Extract, extract, type Header } from "tar-stream";
import { hasRealParents, lstatIfAny, safePath, UnsafeArchive } from "./paths.ts";

/** What a layer removes from the layers below it; paths relative to the root. */
export type Removals = {
  /** Names that are gone. */
  whiteouts: string[];
  /** Directories whose lower content is gone. */
  opaque: string[];
};

export type ExtractOptions = {
  /** Keeps the archive's owners; needs root. */
  keepOwners: boolean;
  maxEntries: number;
};

type Entry = Extract extends AsyncIterable<infer Source> ? Source : never;

const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";
const CREATE = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW;

/** Unpacks the tar and says what it removes. Devices and pipes are left out. Throws UnsafeArchive. */
export async function extractLayer(
  tar: AsyncIterable<Uint8Array>,
  root: string,
  options: ExtractOptions,
): Promise<Removals> {
  const extraction = new Extraction(root, options);
  const entries = extract();
  await bothEnds(pipeline(tar, entries), extraction.consume(entries));
  await extraction.finish();
  return extraction.removals;
}

/** Waits for the two ends of a stream. When one fails the other does too: throws the error of the one that began. */
export async function bothEnds(...ends: [Promise<unknown>, Promise<unknown>]): Promise<void> {
  const results = await Promise.allSettled(ends);
  const errors = results.flatMap((result) => (result.status === "rejected" ? [result.reason as Error] : []));
  const isEcho = (error: NodeJS.ErrnoException): boolean => error.code === "ERR_STREAM_PREMATURE_CLOSE";
  const [first] = errors.toSorted((left, right) => Number(isEcho(left)) - Number(isEcho(right)));
  if (first) throw first;
}

class Extraction {
  readonly removals: Removals = { whiteouts: [], opaque: [] };
  private readonly root: string;
  private readonly options: ExtractOptions;
  private readonly directories = new Set<string>([""]);
  private readonly modes = new Map<string, number>();
  private count = 0;

  constructor(root: string, options: ExtractOptions) {
    this.root = root;
    this.options = options;
  }

  async consume(entries: Extract): Promise<void> {
    try {
      for await (const entry of entries) {
        if (++this.count > this.options.maxEntries)
          throw new UnsafeArchive(`the layer has more than ${this.options.maxEntries} entries`);
        await this.add(entry);
        entry.resume();
      }
    } catch (error) {
      entries.destroy(error as Error);
      throw error;
    }
  }

  /** Directory modes come last: a read-only directory could not be filled otherwise. */
  async finish(): Promise<void> {
    for (const [path, mode] of [...this.modes].reverse()) await chmod(join(this.root, path), mode);
  }

  private async add(entry: Entry): Promise<void> {
    const { header } = entry;
    const path = safePath(header.name);
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (name.startsWith(WHITEOUT)) return this.remove(path, name);
    if (header.type === "directory") return this.addDirectory(path, header);
    if (path === "") throw new UnsafeArchive("the layer's root is not a directory");
    if (header.type === "file" || header.type === "contiguous-file") return this.addFile(path, entry);
    if (header.type === "symlink") return this.addSymlink(path, header);
    if (header.type === "link") return this.addLink(path, header);
  }

  private remove(path: string, name: string): void {
    const parent = path.slice(0, Math.max(0, path.length - name.length - 1));
    if (name === OPAQUE) this.removals.opaque.push(parent);
    else if (!name.startsWith(`${WHITEOUT}${WHITEOUT}`))
      this.removals.whiteouts.push(safePath(`${parent}/${name.slice(WHITEOUT.length)}`));
  }

  private async addDirectory(path: string, header: Header): Promise<void> {
    await this.prepare(path);
    await this.ensureDirectory(path);
    if (this.options.keepOwners) await chown(join(this.root, path), header.uid, header.gid);
    this.modes.set(path, header.mode & 0o7777);
  }

  private async addFile(path: string, entry: Entry): Promise<void> {
    const target = await this.clear(path);
    await using handle = await open(target, CREATE, 0o600);
    for await (const chunk of entry) await handle.writeFile(chunk as Buffer);
    if (this.options.keepOwners) await handle.chown(entry.header.uid, entry.header.gid);
    await handle.chmod(entry.header.mode & 0o7777);
    if (entry.header.mtime) await handle.utimes(entry.header.mtime, entry.header.mtime);
  }

  private async addSymlink(path: string, header: Header): Promise<void> {
    const target = await this.clear(path);
    await symlink(header.linkname ?? "", target);
    if (this.options.keepOwners) await lchown(target, header.uid, header.gid);
  }

  private async addLink(path: string, header: Header): Promise<void> {
    const source = safePath(header.linkname ?? "");
    if (source === "" || !(await hasRealParents(this.root, source)))
      throw new UnsafeArchive(`hard link ${path} leads to ${header.linkname}, which is not in the layer`);
    await link(join(this.root, source), await this.clear(path));
  }

  /** Makes sure that the parents exist and that the name is free. */
  private async clear(path: string): Promise<string> {
    await this.prepare(path);
    const target = join(this.root, path);
    const existing = await lstatIfAny(target);
    if (existing?.isDirectory()) throw new UnsafeArchive(`${path} is both a directory and something else`);
    if (existing) await rm(target);
    return target;
  }

  private async prepare(path: string): Promise<void> {
    const parts = path.split("/").slice(0, -1);
    for (let depth = 1; depth <= parts.length; depth++) await this.ensureDirectory(parts.slice(0, depth).join("/"));
  }

  private async ensureDirectory(path: string): Promise<void> {
    if (this.directories.has(path)) return;
    const target = join(this.root, path);
    const existing = await lstatIfAny(target);
    if (existing && !existing.isDirectory())
      throw new UnsafeArchive(`${path} is used as a directory but is a link or file`);
    if (!existing) await mkdir(target, 0o755);
    this.directories.add(path);
  }
}
