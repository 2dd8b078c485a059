/** Runs a host tool (npm, tar, a compiler) in a sandbox: the host's programs read-only, nothing of our environment. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { HOST_NETWORK, NO_NETWORK } from "./network/network.ts";
import { OutputBuffer } from "./output.ts";
import { removeTree } from "./remove-tree.ts";
import type { Mount, Resources, SandboxRuntime } from "./runtime.ts";
import { hostMounts, makeSkeleton } from "./skeleton.ts";

const HOME = "/home";
const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export type ToolSpec = {
  /** Unique among the containers of the runtime. */
  id: string;
  args: readonly string[];
  /** A host directory; the tool sees it read-write at the same path. */
  cwd: string;
  /** Added to PATH and HOME, the only variables that are set. */
  env?: Readonly<Record<string, string>>;
  /** More of the host, e.g. the directory of the Node.js that is to be used. */
  mounts?: readonly Mount[];
  /** Whether the tool may use the host's network. */
  network: boolean;
  resources?: Resources;
  timeoutMs: number;
  /** Bytes of output to keep; the middle of a longer output is left out. Default 64 KiB. */
  outputLimit?: number;
  /** Where the sandbox's own files go while it runs. */
  scratch: string;
  signal?: AbortSignal;
};

export type ToolOutcome = { code: number; output: string; timedOut: boolean };

/** Runs the tool to its end, or kills it at the timeout. Throws SandboxError when it cannot be started, and the abort reason. */
export async function runTool(runtime: SandboxRuntime, spec: ToolSpec): Promise<ToolOutcome> {
  const skeleton = join(spec.scratch, `${spec.id}.root`);
  await mkdir(skeleton, { recursive: true });
  try {
    await makeSkeleton(skeleton);
    return await runIn(skeleton, runtime, spec);
  } finally {
    await removeTree(skeleton);
  }
}

async function runIn(skeleton: string, runtime: SandboxRuntime, spec: ToolSpec): Promise<ToolOutcome> {
  const output = new OutputBuffer(spec.outputLimit);
  const container = await runtime.create(
    {
      id: spec.id,
      rootfs: { layers: [skeleton] },
      args: spec.args,
      env: { PATH: DEFAULT_PATH, HOME, ...spec.env },
      cwd: spec.cwd,
      user: "0:0",
      capabilities: [],
      hostname: "tool",
      mounts: [
        ...(await hostMounts()),
        ...(spec.mounts ?? []),
        { source: spec.cwd, target: spec.cwd, readOnly: false },
      ],
      resources: spec.resources ?? {},
      network: spec.network ? HOST_NETWORK : NO_NETWORK,
      onOutput: (chunk) => output.add(chunk),
    },
    spec.signal,
  );
  let timedOut = false;
  const stop = (): void => container.kill("SIGKILL");
  const timer = setTimeout(() => {
    timedOut = true;
    stop();
  }, spec.timeoutMs);
  spec.signal?.addEventListener("abort", stop, { once: true });
  try {
    const { code } = await container.exited;
    spec.signal?.throwIfAborted();
    return { code, output: output.toString(), timedOut };
  } finally {
    clearTimeout(timer);
    spec.signal?.removeEventListener("abort", stop);
    await container.remove();
  }
}
