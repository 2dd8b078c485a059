/** One run for all who ask for the same thing at the same time; it is aborted when the last of them gives up. */

type Run<T> = { result: Promise<T>; abort: AbortController; waiting: number };

export class Shared<T> {
  private readonly runs = new Map<string, Run<T>>();

  /** The result of the run under way for the key, or of a new one. Rejects early when the caller's signal aborts. */
  async run(key: string, work: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const run = this.runs.get(key) ?? this.start(key, work);
    run.waiting++;
    const { promise: gaveUp, reject } = Promise.withResolvers<never>();
    const onAbort = (): void => reject(signal?.reason);
    signal?.addEventListener("abort", onAbort);
    try {
      return await Promise.race([run.result, gaveUp]);
    } finally {
      signal?.removeEventListener("abort", onAbort);
      if (--run.waiting === 0) this.end(key, run);
    }
  }

  private start(key: string, work: (signal: AbortSignal) => Promise<T>): Run<T> {
    const abort = new AbortController();
    const run = { result: work(abort.signal), abort, waiting: 0 };
    this.runs.set(key, run);
    run.result.catch(() => undefined).finally(() => this.forget(key, run));
    return run;
  }

  private end(key: string, run: Run<T>): void {
    run.abort.abort();
    this.forget(key, run);
  }

  private forget(key: string, run: Run<T>): void {
    if (this.runs.get(key) === run) this.runs.delete(key);
  }
}
