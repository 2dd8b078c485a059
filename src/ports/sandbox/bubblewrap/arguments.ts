/** The command line that runs a container in bubblewrap: pure. */

import type { NetworkAttachment } from "../network/network.ts";
import { PID_FILE } from "../record.ts";
import { byDepth, type ContainerSpec } from "../runtime.ts";
import { TERM } from "../terminal.ts";
import type { UserIds } from "../users.ts";

/** File descriptor on which bubblewrap reports the child's process id. */
export const STATUS_FD = 3;
/** File descriptor from which bubblewrap reads its options: on the command line every user of the host would see them. */
export const OPTIONS_FD = 4;
/** What stands for the two where they are files. */
export const STATUS_FILE = "status";
export const OPTIONS_FILE = "options";

/** Mounts the overlay in a user namespace of its own (no privileges needed) and becomes bubblewrap. */
const MOUNT_THEN_RUN = 'cd "$1" && mount -t overlay overlay -o "$2" "$3" && cd / && shift 3 && exec "$@"';

export type BubblewrapSetting = {
  command: string;
  overlay: { cwd: string; options: string; merged: string };
  user: UserIds;
  /** Whether it goes on when its parent ends. */
  detached: boolean;
};

export type BubblewrapCommand = {
  file: string;
  args: string[];
  /** What to write to {@link OPTIONS_FD}. */
  options: string;
};

/** How to start the container. Its mounts vanish with its last process: they are in a namespace of their own. */
export function bubblewrapCommand(spec: ContainerSpec, setting: BubblewrapSetting): BubblewrapCommand {
  const { overlay, command } = setting;
  const bubblewrap = [command, "--args", String(OPTIONS_FD), "--", ...spec.args];
  const mount = ["/bin/sh", "-c", MOUNT_THEN_RUN, "sh", overlay.cwd, overlay.options, overlay.merged];
  const [file = "", ...args] = [...namespaces(spec.network), ...mount, ...bubblewrap];
  return {
    file,
    args,
    options: sandboxOptions(spec, setting)
      .map((option) => `${option}\0`)
      .join(""),
  };
}

/** A user namespace in which file systems can be mounted: one of its own, or the one that owns the pod's network. */
function namespaces({ kind, netns, userns }: NetworkAttachment): string[] {
  const own = ["unshare", "--user", "--map-root-user", "--mount"];
  if (kind !== "netns") return own;
  if (!userns) return ["nsenter", `--net=${netns}`, "--", ...own];
  return ["nsenter", `--user=${userns}`, `--net=${netns}`, "--preserve-credentials", "--", "unshare", "--mount"];
}

/**
 * The same for a shell in the container's directory: options and status are in files there, and its own process id, which
 * is that of bubblewrap then, is in another.
 */
export function throughFiles({ file, args }: BubblewrapCommand): string[] {
  const script = `echo $$ > ${PID_FILE}; exec "$@" ${STATUS_FD}> ${STATUS_FILE} ${OPTIONS_FD}< ${OPTIONS_FILE}`;
  return ["/bin/sh", "-c", script, "sh", file, ...args];
}

/** The process id of a container's program, from what bubblewrap reports. */
export function parseStatus(text: string): number | undefined {
  const pid = /"child-pid":\s*(\d+)/.exec(text)?.[1];
  return pid === undefined ? undefined : Number(pid);
}

function sandboxOptions(spec: ContainerSpec, { overlay, user, detached }: BubblewrapSetting): string[] {
  return [
    // In a new session the terminal would not be the program's own any more.
    ...(spec.terminal ? [] : ["--new-session"]),
    ...(detached ? [] : ["--die-with-parent"]),
    ...["--as-pid-1", "--json-status-fd", String(STATUS_FD)],
    ...["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"],
    ...(spec.network.kind === "none" ? ["--unshare-net"] : []),
    ...["--uid", String(user.uid), "--gid", String(user.gid), "--hostname", spec.hostname],
    ...["--bind", overlay.merged, "/"],
    ...["--proc", "/proc", "--dev", "/dev", "--cap-drop", "ALL"],
    ...spec.mounts
      .toSorted(byDepth)
      .flatMap((mount) => [mount.readOnly ? "--ro-bind" : "--bind", mount.source, mount.target]),
    // Only now: places for the mounts may have had to be made.
    ...(spec.rootfs.readOnly ? ["--remount-ro", "/"] : []),
    ...["--chdir", spec.cwd, "--clearenv"],
    ...Object.entries({ ...(spec.terminal && { TERM }), ...spec.env }).flatMap(([name, value]) => [
      "--setenv",
      name,
      value,
    ]),
  ];
}
