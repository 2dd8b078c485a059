/** Work with a time limit, which holds on to nothing once the work is done. */

/** Runs `work` with a signal that aborts with `parent` or after `milliseconds`, whichever is first. */
export async function withDeadline<T>(
  parent: AbortSignal,
  milliseconds: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const stop = (): void => controller.abort(parent.reason);
  if (parent.aborted) stop();
  parent.addEventListener("abort", stop, { once: true });
  const timer = setTimeout(() => controller.abort(new Error(`not done after ${milliseconds / 1000} s`)), milliseconds);
  timer.unref();
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    parent.removeEventListener("abort", stop);
  }
}
