/** Chooses the best runtime that works on this host, and says what is missing. */
import { access, constants, mkdir, mkdtemp } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { createBubblewrap } from "./bubblewrap/bubblewrap.ts";
import { NO_NETWORK } from "./network/network.ts";
import { removeTree } from "./remove-tree.ts";
import { createRunc } from "./runc/runc.ts";
import type { SandboxRuntime } from "./runtime.ts";
import { hostMounts, makeSkeleton } from "./skeleton.ts";
import type { HostTools } from "./tools/host-tools.ts";

export type Detection = {
  /** Undefined when no sandbox works here. */
  runtime: SandboxRuntime | undefined;
  /** What keeps a better runtime from being used, and what to do about it. */
  problems: string[];
};

export type DetectOptions = {
  /** The directory that the runtime is to own. */
  directory: string;
  /** Directories to look for programs in, as in PATH. */
  path?: string;
  uid?: number;
  /** What runs the tools around containers. Default: they are children of this program. */
  tools?: HostTools | undefined;
};

const SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Tries runc (as root), then bubblewrap, by running a program in each. Never throws for what the host lacks. */
export async function detectRuntime(options: DetectOptions): Promise<Detection> {
  const path = options.path ?? SYSTEM_PATH;
  const root = (options.uid ?? process.getuid?.()) === 0;
  const problems: string[] = [];
  const runc = await find("runc", path);
  if (root && runc) {
    const runtime = createRunc({
      directory: options.directory,
      command: runc,
      ...(options.tools && { tools: options.tools }),
    });
    const problem = await trial(runtime, options.directory);
    if (problem === undefined) return { runtime, problems: await withSupervision(problems, path) };
    problems.push(`runc does not work here: ${problem}`);
  } else if (root) problems.push("runc is not installed: install it (apt-get install runc) for limits and seccomp");
  else problems.push("not root: containers run in bubblewrap, without memory, CPU and process limits");
  const bubblewrap = await find("bwrap", path);
  if (!bubblewrap) {
    problems.push("bubblewrap is not installed: install it (apt-get install bubblewrap), or run as root with runc");
    return { runtime: undefined, problems };
  }
  const runtime = createBubblewrap({ directory: options.directory, command: bubblewrap });
  const problem = await trial(runtime, options.directory);
  if (problem === undefined)
    return { runtime, problems: await withSupervision([...problems, ...runtime.limitations], path) };
  problems.push(
    `bubblewrap does not work here: ${problem}; it needs unprivileged user namespaces with overlayfs (Linux 5.11 or newer)`,
  );
  return { runtime: undefined, problems };
}

async function withSupervision(problems: readonly string[], path: string): Promise<string[]> {
  if (await find("perl", path)) return [...problems];
  return [...problems, "perl is not installed: containers end with the program (apt-get install perl-base)"];
}

/** Runs `true` in the runtime; the problem when that does not work. Leaves what is already in the directory alone. */
async function trial(runtime: SandboxRuntime, directory: string): Promise<string | undefined> {
  await mkdir(directory, { recursive: true });
  const skeleton = await mkdtemp(join(directory, ".trial-"));
  try {
    await makeSkeleton(skeleton);
    let said = "";
    const container = await runtime.create({
      id: `trial-${process.pid}`,
      rootfs: { layers: [skeleton] },
      args: ["/bin/sh", "-c", "exit 0"],
      env: {},
      cwd: "/",
      user: "0:0",
      hostname: "trial",
      mounts: await hostMounts(),
      resources: {},
      network: NO_NETWORK,
      onOutput: (chunk) => {
        said += new TextDecoder().decode(chunk);
      },
    });
    const { code } = await container.exited;
    await container.remove();
    return code === 0 ? undefined : `a trial container ended with code ${code}: ${said.trim()}`;
  } catch (error) {
    return (error as Error).message;
  } finally {
    await removeTree(skeleton);
  }
}

async function find(program: string, path: string): Promise<string | undefined> {
  for (const directory of path.split(delimiter)) {
    const file = join(directory, program);
    if (
      await access(file, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return file;
  }
  return undefined;
}
