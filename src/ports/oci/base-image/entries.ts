/** The files of a run image: taken from installed packages, or from the libraries that this program itself needs. */
import { lstat, readdir, readFile, readlink, realpath } from "node:fs/promises";
import { join } from "node:path";
import { report } from "node:process";
import { rootCertificates } from "node:tls";
import { type LayerEntry, parentsOf } from "../layer.ts";
import { type DebianPackage, readFileList } from "./dpkg.ts";
import { mergedPath, skeleton, symlinkEntry, textEntry } from "./skeleton.ts";

const LEFT_OUT =
  /^usr\/share\/(?:doc|man|info|lintian|locale|bug|common-licenses|ca-certificates|base-files|debianutils)\/|\/gconv\/|zoneinfo\/(?:right|posix)\/|^usr\/sbin\/|^var\//;
const KEPT_CONFIGURATION =
  /^etc\/(?:debian_version|os-release|host\.conf|netconfig|protocols|services|ld\.so\.conf\.d\/.*)$/;
/** Of these packages only the programs that start scripts need, which want no library but the C library. */
const PARTS: { readonly [name: string]: RegExp } = {
  coreutils: /^usr\/bin\/(?:basename|cat|date|dirname|env|head|nproc|rm|sleep|tail|tr|uname|wc)$/,
};
const CERTIFICATES = "etc/ssl/certs/ca-certificates.crt";
const MOZILLA = "usr/share/ca-certificates/mozilla";

/** Entries of the packages' files below `root`, without documentation. */
export async function packageEntries(root: string, packages: readonly DebianPackage[]): Promise<LayerEntry[]> {
  const entries = skeleton();
  for (const one of packages) {
    for (const absolute of await readFileList(root, one)) {
      const entry = isWanted(one.name, mergedPath(absolute)) ? await copyOf(root, absolute) : undefined;
      if (entry) entries.push(entry);
    }
    entries.push(textEntry(`var/lib/dpkg/status.d/${one.name}`, one.control));
  }
  if (packages.some(({ name }) => name === "dash")) entries.push(symlinkEntry("usr/bin/sh", "dash"));
  entries.push(textEntry(CERTIFICATES, await mozillaCertificates(root)));
  return complete(entries);
}

/** Entries for a machine without dpkg: the shared libraries that the running program has loaded. */
export async function libraryEntries(libraries: readonly string[] = loadedLibraries()): Promise<LayerEntry[]> {
  const entries = skeleton();
  for (const library of libraries) {
    const file = await realpath(library);
    const { size } = await lstat(file);
    entries.push({ path: mergedPath(library), type: "file", file, size, mode: 0o755, uid: 0, gid: 0 });
  }
  entries.push(textEntry(CERTIFICATES, `${rootCertificates.join("\n")}\n`));
  return complete(entries);
}

function loadedLibraries(): string[] {
  const { sharedObjects } = report.getReport() as { sharedObjects?: string[] };
  return (sharedObjects ?? []).filter((path) => /^\/(?:usr\/)?lib.*\.so(?:\.|$)/.test(path)).sort();
}

function isWanted(name: string, path: string): boolean {
  if (PARTS[name]) return PARTS[name].test(path);
  return path.startsWith("etc/") ? KEPT_CONFIGURATION.test(path) : !LEFT_OUT.test(path);
}

/** Directories are left to `complete`, which adds those that hold something. */
async function copyOf(root: string, absolute: string): Promise<LayerEntry | undefined> {
  const file = join(root, absolute);
  const stats = await lstat(file).catch(() => undefined);
  const path = mergedPath(absolute);
  if (stats?.isSymbolicLink()) return symlinkEntry(path, await readlink(file));
  if (!stats?.isFile()) return undefined;
  return { path, type: "file", file, size: stats.size, mode: stats.mode & 0o7777, uid: 0, gid: 0 };
}

async function mozillaCertificates(root: string): Promise<string> {
  const names = await readdir(join(root, MOZILLA)).catch(() => []);
  if (names.length === 0) return `${rootCertificates.join("\n")}\n`;
  const texts = names.sort().map((name) => readFile(join(root, MOZILLA, name), "utf8"));
  return (await Promise.all(texts)).map((text) => `${text.trim()}\n`).join("");
}

/** One entry per path, parents before children; of two entries for a path the first wins. */
function complete(entries: readonly LayerEntry[]): LayerEntry[] {
  const byPath = new Map<string, LayerEntry>();
  for (const entry of entries) if (!byPath.has(entry.path)) byPath.set(entry.path, entry);
  for (const entry of entries)
    for (const parent of parentsOf(entry.path)) if (!byPath.has(parent.path)) byPath.set(parent.path, parent);
  return [...byPath.values()].sort((left, right) => (left.path < right.path ? -1 : 1));
}
