/** The command line that runs a program in a bubblewrap container that is already there: pure. */
import type { ComplaintForm } from "../container-process.ts";
import type { ContainerSpec } from "../runtime.ts";
import { TERM } from "../terminal.ts";

export type EnterCommand = {
  /** What has to run the rest. */
  within: string[];
  file: string;
  args: string[];
  env: Record<string, string>;
};

export type EnterSetting = {
  /** Absolute paths, because the variables are the container's. */
  nsenter: string;
  setpriv: string;
  /** The host's number of the container's first process. */
  pid: number;
  /** That of the bubblewrap outside, in whose user namespace the container's mounts can be entered. */
  wrapper: number;
};

const AS_IS = "--preserve-credentials";

/** How to run `args` in the namespaces of the container. */
export function enterCommand(
  spec: ContainerSpec,
  { nsenter, setpriv, pid, wrapper }: EnterSetting,
  { args, terminal }: { args: readonly string[]; terminal: boolean },
): EnterCommand {
  const namespaces = ["--user", "--mount", "--ipc", "--uts", "--cgroup"];
  const { kind } = spec.network;
  const target = ["--target", String(pid)];
  return {
    // What starts a program of another process namespace is its parent, and stays outside.
    within: [
      // The pod's network belongs to the user namespace outside.
      ...[nsenter, "--target", String(wrapper), "--user", ...(kind === "netns" ? ["--net"] : []), AS_IS, "--"],
      ...[nsenter, ...target, "--pid", ...(terminal ? ["--no-fork"] : []), "--"],
      // A terminal that is gone ends its programs by itself.
      ...(terminal ? [] : [setpriv, "--pdeathsig", "KILL", "--"]),
    ],
    file: nsenter,
    args: [...target, ...namespaces, ...(kind === "none" ? ["--net"] : []), AS_IS, "--wd", "--", ...args],
    env: harmless({ ...(terminal && { TERM }), ...spec.env }),
  };
}

/**
 * Variables that change what a host program does before the container's program runs. The host's loader and C library
 * read them, and who writes a pod must not run code outside of it.
 */
const LOADER =
  /^(LD_|GLIBC_|MALLOC_|GCONV_PATH|GETCONF_DIR|HOSTALIASES|LANGUAGE|LOCALDOMAIN|LOCPATH|NIS_PATH|NLSPATH|RES_OPTIONS|RESOLV_|TMPDIR|TZDIR)/;

function harmless(env: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !LOADER.test(name)));
}

/** How `nsenter` says that it could not start the program. The reason is in the words of a real runtime. */
export const complaint: ComplaintForm = {
  prefix: "nsenter: failed to execute ",
  reason: (said) => {
    const [, program, why] = /^nsenter: failed to execute (.*): ([^:]*)$/.exec(said) ?? [];
    if (program === undefined || why === undefined) return undefined;
    const isMissing = why === "No such file or directory" && !program.includes("/");
    const reason = isMissing ? "executable file not found in $PATH" : why.toLowerCase();
    return `exec failed: unable to start container process: exec: ${JSON.stringify(program)}: ${reason}`;
  },
};
