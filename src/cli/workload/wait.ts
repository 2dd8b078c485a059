/** Waits until a workload is ready, has failed, is gone, or the time is over. */
import { setTimeout as sleep } from "node:timers/promises";
import { Workload } from "#api/carto.run/workload.ts";
import { findCondition } from "#kit/conditions.ts";
import type { Connection } from "../connection.ts";
import { CliError } from "../errors.ts";
import { isCurrent, isRolledOut } from "./settled.ts";

export type Waited = { name: string; namespace: string; timeoutMs: number };

const SETTLE_POLL_MS = 200;

/** Resolves with the workload when all it asks for is done. Throws CliError when it fails or takes longer than the timeout. */
export async function waitUntilReady(connection: Connection, waited: Waited): Promise<Workload> {
  const deadline = Date.now() + waited.timeoutMs;
  let failure = "";
  for (;;) {
    const timeoutMs = Math.max(0, deadline - Date.now());
    const found = await watchUntil(connection, { ...waited, timeoutMs }, (one) => one && verdictOf(one) && one);
    if (!found) throw tooLate(waited);
    const current = await isCurrent(connection.client, found);
    if (current && verdictOf(found) === "ready" && (await isRolledOut(connection.client, found))) return found;
    const message = current && verdictOf(found) === "failed" ? failureOf(found) : "";
    if (message && message === failure) throw failed(waited, message);
    failure = message;
    await sleep(SETTLE_POLL_MS);
  }
}

/** Resolves with whether the workload is gone within the timeout. */
export async function waitUntilGone(connection: Connection, waited: Waited): Promise<boolean> {
  return (await watchUntil(connection, waited, (workload) => !workload)) ?? false;
}

/** What `verdict` says of the present and every later state, as soon as it is neither false nor undefined. */
async function watchUntil<V>(
  { client }: Connection,
  { name, namespace, timeoutMs }: Waited,
  verdict: (workload: Workload | undefined) => V | false | undefined,
): Promise<V | undefined> {
  const signal = AbortSignal.timeout(timeoutMs);
  const fields = `metadata.name=${name}`;
  try {
    while (!signal.aborted) {
      const { resourceVersion, items } = await client.list(Workload, { namespace, fields, signal });
      const now = verdict(items[0]);
      if (now) return now;
      const options = { namespace, fields, resourceVersion, allowBookmarks: false, signal };
      for await (const { type, object } of client.watch(Workload, options)) {
        const then = verdict(type === "DELETED" ? undefined : object);
        if (then) return then;
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return undefined;
}

/** What the conditions say of the newest version of the spec; undefined while they say nothing. */
function verdictOf(workload: Workload): "ready" | "failed" | undefined {
  const ready = findCondition(workload, "Ready");
  if (workload.status?.observedGeneration !== workload.metadata.generation) return undefined;
  if (ready?.status === "True") return "ready";
  return ready?.status === "False" ? "failed" : undefined;
}

function failureOf(workload: Workload): string {
  const { reason, message } = findCondition(workload, "Ready") ?? {};
  return `${reason}: ${message}`;
}

function failed({ name, namespace }: Waited, message: string): CliError {
  return new CliError(
    "failed",
    `workload "${name}" failed: ${message}`,
    `slipway why workload/${name} -n ${namespace}`,
  );
}

function tooLate({ name, namespace, timeoutMs }: Waited): CliError {
  return new CliError(
    "failed",
    `workload "${name}" was not ready within ${timeoutMs / 1000} s`,
    `slipway why workload/${name} -n ${namespace}`,
  );
}
