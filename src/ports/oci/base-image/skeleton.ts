/** What every run image has besides packages: directories, accounts and name-service configuration. */
import type { LayerEntry } from "../layer.ts";

/** The user that applications run as. */
export const APP_USER = { name: "cnb", uid: 1001, gid: 1001, home: "/home/cnb" } as const;

const ROOT = { uid: 0, gid: 0 } as const;
const DIRECTORIES = "dev etc home mnt opt proc run srv sys usr/local/bin usr/sbin var/cache var/lib var/log".split(" ");
const PASSWD = [
  "root:x:0:0:root:/root:/sbin/nologin",
  "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin",
  `${APP_USER.name}:x:${APP_USER.uid}:${APP_USER.gid}::${APP_USER.home}:/bin/sh`,
];
const GROUP = ["root:x:0:", "nogroup:x:65534:", "tty:x:5:", "staff:x:50:", `${APP_USER.name}:x:${APP_USER.gid}:`];
const NSSWITCH = ["passwd: files", "group: files", "shadow: files", "hosts: files dns", "services: files"];
const HOSTS = ["127.0.0.1 localhost", "::1 localhost ip6-localhost ip6-loopback"];
const MERGED = { bin: "usr/bin", sbin: "usr/sbin", lib: "usr/lib", lib64: "usr/lib64" } as const;

/** Entries that are the same on every machine. */
export function skeleton(): LayerEntry[] {
  const directory = (path: string, mode = 0o755, owner: { uid: number; gid: number } = ROOT): LayerEntry => ({
    path,
    type: "directory",
    mode,
    uid: owner.uid,
    gid: owner.gid,
  });
  return [
    ...DIRECTORIES.map((path) => directory(path)),
    directory("root", 0o700),
    directory("tmp", 0o1777),
    directory("var/tmp", 0o1777),
    directory(APP_USER.home.slice(1), 0o755, APP_USER),
    ...Object.values(MERGED).map((path) => directory(path)),
    ...Object.entries(MERGED).map(([path, target]) => symlinkEntry(path, target)),
    symlinkEntry("var/run", "/run"),
    textEntry("etc/passwd", lines(PASSWD)),
    textEntry("etc/group", lines(GROUP)),
    textEntry("etc/hosts", lines(HOSTS)),
    textEntry("etc/nsswitch.conf", lines(NSSWITCH)),
  ];
}

/** Where a path of the machine lives in an image whose /bin, /sbin, /lib and /lib64 lead into /usr. */
export function mergedPath(absolute: string): string {
  const path = absolute.replace(/^\/+/, "");
  return Object.hasOwn(MERGED, path.split("/")[0] ?? "") ? `usr/${path}` : path;
}

export function textEntry(path: string, text: string): LayerEntry {
  return { path, type: "file", content: Buffer.from(text), mode: 0o644, ...ROOT };
}

export function symlinkEntry(path: string, target: string): LayerEntry {
  return { path, type: "symlink", target, mode: 0o777, ...ROOT };
}

function lines(values: readonly string[]): string {
  return `${values.join("\n")}\n`;
}
