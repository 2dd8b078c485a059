/**
 * The way from pods to addresses outside of the machine: slirp4netns makes their connections its own, so the machine need
 * not forward anything. It goes on with the containers when this program ends.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { findByArgument, killByArgument } from "../leftovers.ts";
import { TOOL_ENVIRONMENT, toolPath } from "../process.ts";
import { changeNetwork, type NetworkHost } from "./host/host.ts";
import type { OutboundRange } from "./subnet.ts";

/** The router's device that leads there. */
export const OUTBOUND_DEVICE = "out";
const MTU = 65_520;
const READY_FD = 3;

export class Outbound {
  private readonly host: NetworkHost;
  private readonly router: string;

  /** `router`: the namespace of the router on its host. */
  constructor(host: NetworkHost, router: string) {
    this.host = host;
    this.router = router;
  }

  /** Opens the way unless it is open. Rejects when that cannot be done, with what to do about it. */
  async open({ range, routerAddress, gateway }: OutboundRange): Promise<void> {
    if (!(await this.isOpen())) {
      await this.close();
      await start(this.command(range));
    }
    await changeNetwork(
      this.host,
      [
        `addr replace ${routerAddress}/24 dev ${OUTBOUND_DEVICE}`,
        `link set ${OUTBOUND_DEVICE} up mtu ${MTU}`,
        `route replace default via ${gateway} dev ${OUTBOUND_DEVICE}`,
      ],
      this.router,
    );
  }

  /** Closes it, also when an earlier run has opened it. The device, and the route, go with the process. */
  async close(): Promise<void> {
    await killByArgument(this.host.pathsOf(this.router).netns);
  }

  private async isOpen(): Promise<boolean> {
    const processes = await findByArgument(this.host.pathsOf(this.router).netns);
    if (processes.length === 0) return false;
    const show = this.host.run("ip", ["link", "show", "dev", OUTBOUND_DEVICE], { namespace: this.router });
    return await show.then(
      () => true,
      () => false,
    );
  }

  private command(range: string): string[] {
    const { netns, userns } = this.host.pathsOf(this.router);
    return [
      "--disable-host-loopback",
      "--disable-dns",
      `--mtu=${MTU}`,
      `--cidr=${range}`,
      `--ready-fd=${READY_FD}`,
      ...(userns ? [`--userns-path=${userns}`] : []),
      "--netns-type=path",
      netns,
      OUTBOUND_DEVICE,
    ];
  }
}

/** Resolves when it is ready. What it says goes into a file, because nobody may listen any more when it says it. */
async function start(args: readonly string[]): Promise<void> {
  const path = join(tmpdir(), `slipway-outbound-${process.pid}-${performance.now()}`);
  const words = openSync(path, "wx+", 0o600);
  try {
    const child = spawn(toolPath("slirp4netns"), args, {
      stdio: ["ignore", "ignore", words, "pipe"],
      env: TOOL_ENVIRONMENT,
      cwd: "/",
      detached: true,
    });
    const problem = await readiness(child);
    const missing =
      problem?.code === "ENOENT" && "slirp4netns is not installed: install it (apt-get install slirp4netns)";
    if (problem)
      throw new Error(missing || readFileSync(path, "utf8").trim().replaceAll("\n", "; ") || problem.message);
    child.unref();
  } finally {
    closeSync(words);
    unlinkSync(path);
  }
}

/** Undefined when the device is there, else why it will not be. */
function readiness(child: ChildProcess): Promise<NodeJS.ErrnoException | undefined> {
  const ready = child.stdio[READY_FD] as Readable;
  return new Promise((resolve) => {
    child.once("error", resolve);
    child.once("exit", (code) => resolve(new Error(`slirp4netns ended with code ${code}`)));
    ready.once("data", () => {
      ready.destroy();
      resolve(undefined);
    });
    ready.on("error", () => undefined);
  });
}
