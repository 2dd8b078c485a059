/** A root file system without an image: the host's /usr, read-only, and the little of /etc that programs need. */
import { cp, mkdir, readlink, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Mount } from "./runtime.ts";

const TOP = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"];
const DIRECTORIES = ["dev", "etc", "home", "proc", "root", "run", "sys", "tmp", "usr", "var/tmp"];
const SETTINGS = ["resolv.conf", "nsswitch.conf", "hosts", "ld.so.cache", "localtime"];
const BOUND = ["/usr", "/etc/ssl", "/etc/ca-certificates", "/etc/alternatives"];
const PASSWD = "root:x:0:0:root:/home:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n";
const GROUP = "root:x:0:\nnogroup:x:65534:\n";

/** Fills `directory` so that it serves as the only layer of a container together with {@link hostMounts}. */
export async function makeSkeleton(directory: string): Promise<void> {
  await Promise.all(DIRECTORIES.map((name) => mkdir(join(directory, name), { recursive: true })));
  await Promise.all([
    ...TOP.map(async (name) => {
      const target = await readlink(`/${name}`).catch(() => undefined);
      if (target !== undefined) await symlink(target.replace(/^\//, ""), join(directory, name));
      else if (await isDirectory(`/${name}`)) await mkdir(join(directory, name));
    }),
    ...SETTINGS.map((name) => cp(`/etc/${name}`, join(directory, "etc", name), { dereference: true }).catch(() => {})),
    writeFile(join(directory, "etc/passwd"), PASSWD),
    writeFile(join(directory, "etc/group"), GROUP),
  ]);
}

/** The host's programs and certificates, read-only. Hosts without a merged /usr get their /bin and /lib as well. */
export async function hostMounts(): Promise<Mount[]> {
  const split = await Promise.all(
    TOP.map(async (name) =>
      (await readlink(`/${name}`).catch(() => undefined)) === undefined ? `/${name}` : undefined,
    ),
  );
  const candidates = [...BOUND, ...split.filter((path) => path !== undefined)];
  const present = await Promise.all(candidates.map(isDirectory));
  return candidates
    .filter((_, index) => present[index])
    .map((path) => ({ source: path, target: path, readOnly: true }));
}

async function isDirectory(path: string): Promise<boolean> {
  return await stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}
