/**
 * A host of a pod network that any user can have: a user namespace with a network of its own stands for the machine. One
 * small process holds it, and goes on with the containers when this program ends.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findByArgument } from "../../leftovers.ts";
import { TOOL_ENVIRONMENT } from "../../process.ts";
import { childTools, type HostTools } from "../../tools/host-tools.ts";
import { parseRoutes } from "../address.ts";
import type { RemoteSockets } from "../sockets/remote.ts";
import type { Sockets } from "../sockets/sockets.ts";
import { socketsInside } from "../sockets/split.ts";
import { NAMESPACES, type NamespacePaths, type NetworkHost } from "./host.ts";

/** Named network namespaces are mounts, so they need a place of their own; then the process says so, and sleeps. */
const HOLD = `mount -t tmpfs -o mode=755 tmpfs /run && mkdir ${NAMESPACES} && ip link set lo up && echo ready &&
exec perl -e 'sleep while 1' "$0"`;

const END_STEPS = 200;
const END_STEP_MS = 5;
const AS_IS = "--preserve-credentials";

export class UnprivilegedHost implements NetworkHost {
  /** By which the process that holds it is found again. */
  private readonly mark: string;
  pid = 0;
  private readonly tools: HostTools;
  private remote: RemoteSockets | undefined;

  /** `instance` tells the hosts of different programs apart; `tools` says how tools are started. */
  constructor(instance: string, tools: HostTools = childTools) {
    this.tools = tools;
    this.mark = `slipway-network-${instance}`;
  }

  get sockets(): Sockets {
    this.remote ??= socketsInside(this.pid);
    return this.remote;
  }

  async open(): Promise<void> {
    this.pid = (await this.find()) ?? (await this.start());
  }

  async run(
    tool: string,
    args: readonly string[],
    { input = "", namespace }: { input?: string; namespace?: string } = {},
  ): Promise<string> {
    const inside = namespace ? ["nsenter", `--net=${join(NAMESPACES, namespace)}`] : [];
    const enter = ["--target", String(this.pid), "--user", "--mount", "--net", AS_IS, "--"];
    return await this.tools.require("nsenter", [...enter, ...inside, tool, ...args], { input });
  }

  async namespaces(): Promise<string[]> {
    return await readdir(`/proc/${this.pid}/root${NAMESPACES}`).catch(() => []);
  }

  pathsOf(namespace: string): NamespacePaths {
    const { pid } = this;
    return { netns: `/proc/${pid}/root${NAMESPACES}/${namespace}`, userns: `/proc/${pid}/ns/user` };
  }

  async routes(): Promise<ReturnType<typeof parseRoutes>> {
    return parseRoutes(await readFile(`/proc/${this.pid}/net/route`, "utf8").catch(() => ""));
  }

  async addressOf(device: string): Promise<string | undefined> {
    const text = await this.run("ip", ["-4", "-oneline", "address", "show", "dev", device]).catch(() => "");
    return /\binet ([\d.]+)/.exec(text)?.[1];
  }

  async close(): Promise<void> {
    this.remote?.close();
    this.remote = undefined;
    this.pid = 0;
    for (let step = 0; step < END_STEPS; step++) {
      const processes = await this.processes();
      if (processes.length === 0) return;
      for (const pid of processes) process.kill(pid, "SIGKILL");
      await sleep(END_STEP_MS);
    }
  }

  private async find(): Promise<number | undefined> {
    const [pid] = await this.processes();
    return pid;
  }

  /** Only this user's own processes are believed. */
  private async processes(): Promise<number[]> {
    const found = await findByArgument(this.mark);
    const owners = await Promise.all(found.map((pid) => stat(`/proc/${pid}`).catch(() => undefined)));
    return found.filter((_, index) => owners[index]?.uid === process.getuid?.());
  }

  private async start(): Promise<number> {
    const holder = spawn(
      "unshare",
      ["--user", "--map-root-user", "--net", "--mount", "--", "/bin/sh", "-c", HOLD, this.mark],
      { stdio: ["ignore", "pipe", "pipe"], env: TOOL_ENVIRONMENT, detached: true, cwd: "/" },
    );
    const problem = await firstWords(holder);
    if (problem !== undefined || holder.pid === undefined)
      throw new Error(`user namespaces with a network cannot be made: ${problem}`);
    holder.unref();
    holder.stdout.destroy();
    holder.stderr.destroy();
    return holder.pid;
  }
}

/** Undefined when the process says that it is ready, else what is wrong. */
async function firstWords(child: ChildProcess): Promise<string | undefined> {
  let complaint = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    complaint += text;
  });
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", () => resolve(complaint.trim() || "unshare does not say why"));
  });
  const ready = once(child.stdout ?? child, "data").then(() => undefined);
  return await Promise.race([ready, ended]);
}
