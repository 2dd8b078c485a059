/** The command line that runs a container in bubblewrap: pure. */

import { byDepth, type ContainerSpec } from "../runtime.ts";
import type { UserIds } from "../users.ts";

/** File descriptor on which bubblewrap reports the child's process id. */
export const STATUS_FD = 3;
/** File descriptor from which bubblewrap reads its options: on the command line every user of the host would see them. */
export const OPTIONS_FD = 4;

/** Mounts the overlay in a user namespace of its own (no privileges needed) and becomes bubblewrap. */
const MOUNT_THEN_RUN = 'cd "$1" && mount -t overlay overlay -o "$2" "$3" && cd / && shift 3 && exec "$@"';

export type BubblewrapSetting = {
  command: string;
  overlay: { cwd: string; options: string; merged: string };
  user: UserIds;
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
  const wrapper = ["--user", "--map-root-user", "--mount", "/bin/sh", "-c", MOUNT_THEN_RUN, "sh"];
  const bubblewrap = [command, "--args", String(OPTIONS_FD), "--", ...spec.args];
  return {
    file: "unshare",
    args: [...wrapper, overlay.cwd, overlay.options, overlay.merged, ...bubblewrap],
    options: sandboxOptions(spec, setting)
      .map((option) => `${option}\0`)
      .join(""),
  };
}

function sandboxOptions(spec: ContainerSpec, { overlay, user }: BubblewrapSetting): string[] {
  return [
    ...["--die-with-parent", "--new-session", "--as-pid-1", "--json-status-fd", String(STATUS_FD)],
    ...["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"],
    ...(spec.network.kind === "host" ? [] : ["--unshare-net"]),
    ...["--uid", String(user.uid), "--gid", String(user.gid), "--hostname", spec.hostname],
    ...[spec.rootfs.readOnly ? "--ro-bind" : "--bind", overlay.merged, "/"],
    ...["--proc", "/proc", "--dev", "/dev", "--cap-drop", "ALL"],
    ...spec.mounts
      .toSorted(byDepth)
      .flatMap((mount) => [mount.readOnly ? "--ro-bind" : "--bind", mount.source, mount.target]),
    ...["--chdir", spec.cwd, "--clearenv"],
    ...Object.entries(spec.env).flatMap(([name, value]) => ["--setenv", name, value]),
  ];
}
