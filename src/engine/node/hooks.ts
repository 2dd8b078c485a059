/** Lifecycle hooks of containers. */
import { setTimeout as sleep } from "node:timers/promises";
import type { LifecycleHandler } from "#api/builtin/types.gen.ts";
import { http, type ProbeTarget, type Verdict } from "./probe/attempt.ts";

const HTTP_TIMEOUT_MS = 30_000;
const LONGEST_MS = 2 ** 31 - 1;

export type HookLimits = {
  /** After this long the hook is left behind; undefined for no limit. */
  limitMs: number | undefined;
  /** Settles when the container ends: a hook does not outlive it. */
  ended: Promise<unknown>;
};

/** Runs a hook; undefined when it went well (or was cut short), else what went wrong. Never rejects. */
export async function runHook(hook: LifecycleHandler, target: ProbeTarget, limits: HookLimits): Promise<Verdict> {
  const stop = new AbortController();
  const limitMs = Math.min(limits.limitMs ?? LONGEST_MS, LONGEST_MS);
  const cut = sleep(limitMs, undefined, { signal: stop.signal }).catch(() => undefined);
  try {
    return await Promise.race([run(hook, target, limitMs, stop.signal), cut, limits.ended.then(() => undefined)]);
  } finally {
    stop.abort();
  }
}

async function run(
  hook: LifecycleHandler,
  target: ProbeTarget,
  limitMs: number,
  signal: AbortSignal,
): Promise<Verdict> {
  if (hook.sleep) {
    await sleep(hook.sleep.seconds * 1000, undefined, { signal }).catch(() => undefined);
    return undefined;
  }
  if (hook.httpGet) {
    const verdict = await http(hook.httpGet, target, Math.min(limitMs, HTTP_TIMEOUT_MS));
    return verdict?.startsWith("HTTP probe failed with statuscode") ? undefined : verdict;
  }
  if (!hook.exec) return undefined;
  if (!target.exec) return "exec hooks are not supported by this sandbox";
  const result = await target.exec(hook.exec.command ?? [], { timeoutMs: limitMs }).catch((error: Error) => error);
  if (result instanceof Error) return result.message;
  return result.code === 0 ? undefined : `command terminated with exit code ${result.code}`;
}
