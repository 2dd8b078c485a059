/** Waiting for something to become true, without asserting how long it takes. */
import { setTimeout as sleep } from "node:timers/promises";

const TIMEOUT_MS = 60_000;
const POLL_MS = 25;

/** Calls `probe` until it returns something other than undefined or false. Throws with `what` after a generous timeout. */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined | false>,
  timeoutMs: number = TIMEOUT_MS,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  while (Date.now() < deadline) {
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value;
    } catch (error) {
      last = error;
    }
    await sleep(POLL_MS);
  }
  throw new Error(`${what} did not happen within ${timeoutMs / 1000} s${last ? `: ${String(last)}` : ""}`);
}
