/** The process that is a container's own program, however it was started. */

export type MainProcess = {
  /** Process id on the host; 0 when it ended before that was known. */
  pid: number;
  /** Settles when it has ended: from then on its number may be another's. */
  gone: Promise<unknown>;
  /** Settles with its exit code (128 + n after signal n) when its output has been read, too. Never rejects. */
  ended: Promise<number>;
};
