/** What this machine offers to run pods and builds, and what is missing. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SERVICE_RANGE } from "#engine/apiserver/strategies/addresses.ts";
import { detectRuntime } from "#ports/sandbox/detect.ts";
import { detectNetwork } from "#ports/sandbox/network/detect.ts";
import type { PodNetwork } from "#ports/sandbox/network/network.ts";

/** How pods reach addresses outside of this machine. */
function wayOut({ name, problems }: PodNetwork): string {
  if (name === "loopback") return "the machine's own network";
  return problems.length === 0 ? "slirp4netns" : "no";
}

export type Finding = { check: string; result: string; problems: string[] };

/** Tries the sandbox runtimes and the pod networks, and leaves nothing behind. */
export async function examineMachine(): Promise<Finding[]> {
  const folder = await mkdtemp(join(tmpdir(), "slipway-doctor-"));
  try {
    const sandbox = await detectRuntime({ directory: folder });
    const network = await detectNetwork({ instance: "d0c70000", serviceRange: SERVICE_RANGE, outbound: true });
    const outbound = wayOut(network.network);
    await network.network.close();
    await sandbox.runtime?.close();
    return [
      { check: "node", result: process.version, problems: [] },
      { check: "sandbox", result: sandbox.runtime?.name ?? "none", problems: sandbox.problems },
      { check: "network", result: network.network.name, problems: network.problems },
      { check: "outbound", result: outbound, problems: [] },
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
