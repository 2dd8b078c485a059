/** package-lock.json (lockfileVersion 2 and 3): which packages end up in the image. */
import { isObject } from "#kit/json.ts";

export type Lock = {
  /** `package-lock.json` or `npm-shrinkwrap.json`. */
  file: string;
  text: string;
  packages: LockedPackage[];
  /** True when a package is a directory of the source tree (workspaces, `file:` links) or an archive in it. */
  hasLocalPackages: boolean;
};

export type LockedPackage = {
  /** Where it is installed, such as `node_modules/express`. */
  path: string;
  name: string;
  version: string;
  integrity?: string;
  license?: string;
  resolved?: string;
  /** Command name → file inside the package. */
  bin?: Record<string, string>;
};

type Platform = { os: string; cpu: string };

type RawPackage = Record<string, unknown> & { bin?: Record<string, string> };

/** The packages that `npm ci --omit=dev` installs on this platform, sorted by path; text says what is wrong. */
export function parseLock(
  file: string,
  text: string,
  platform: Platform = { os: "linux", cpu: process.arch },
): Lock | string {
  const raw = parseJson(text);
  if (!isObject(raw)) return `${file} is not a JSON object: run "npm install" and commit it again`;
  if (!isObject(raw.packages))
    return `${file} has lockfileVersion ${raw.lockfileVersion ?? 1}, which is too old: run "npm install" with npm 7 or newer and commit it`;
  const entries = Object.entries(raw.packages as Record<string, RawPackage>).filter(([path]) => path !== "");
  const packages = entries
    .filter(([, entry]) => !entry.dev && !entry.link && fits(entry.os, platform.os) && fits(entry.cpu, platform.cpu))
    .flatMap(([path, entry]) => toPackage(path, entry) ?? []);
  const isLocal = (path: string, { link, resolved }: RawPackage): boolean =>
    link === true || !path.includes("node_modules/") || String(resolved).startsWith("file:");
  const hasLocalPackages = entries.some(([path, entry]) => isLocal(path, entry));
  packages.sort((left, right) => (left.path < right.path ? -1 : 1));
  return { file, text, packages, hasLocalPackages };
}

function toPackage(path: string, entry: RawPackage): LockedPackage | undefined {
  const at = path.lastIndexOf("node_modules/");
  if (at < 0 || typeof entry.version !== "string") return undefined;
  const name = typeof entry.name === "string" ? entry.name : path.slice(at + "node_modules/".length);
  return {
    path,
    name,
    version: entry.version,
    ...(typeof entry.integrity === "string" && { integrity: entry.integrity }),
    ...(typeof entry.license === "string" && { license: entry.license }),
    ...(typeof entry.resolved === "string" && { resolved: entry.resolved }),
    ...(isObject(entry.bin) && { bin: entry.bin as Record<string, string> }),
  };
}

/** npm's rule for `os` and `cpu`: a list of names, those with `!` excluded. */
function fits(allowed: unknown, actual: string): boolean {
  if (!Array.isArray(allowed) || allowed.length === 0) return true;
  if (allowed.includes(`!${actual}`)) return false;
  const named = allowed.filter((name: unknown) => typeof name === "string" && !name.startsWith("!"));
  return named.length === 0 || named.includes(actual) || named.includes("any");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
