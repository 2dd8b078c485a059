/** Joins a program in a container with a client's channels, and says how it ended. */
import type { Readable, Writable } from "node:stream";
import type { ContainerProcess, TerminalSize } from "./pod-streams.ts";

/** The client's side, whatever the protocol. Channels that the client did not ask for are absent. */
export type CommandChannels = {
  readonly stdin: Readable | undefined;
  readonly stdout: Writable | undefined;
  readonly stderr: Writable | undefined;
  onResize(listener: (size: TerminalSize) => void): void;
  /** Tells how the command ended, once all output is out, and ends the connection. */
  finish(outcome: Outcome): Promise<void>;
  /** Settles when the client is gone. */
  readonly closed: Promise<void>;
};

/** A Status as it is sent after the upgrade. */
export type Outcome = {
  metadata: Record<string, never>;
  status: "Success" | "Failure";
  message?: string;
  reason?: string;
  details?: { causes: { reason?: string; message: string }[] };
  code?: number;
};

const SUCCESS: Outcome = { metadata: {}, status: "Success" };

/** Runs until the program has ended or the client is gone; a program whose client is gone is closed. */
export async function joinCommand(
  process: ContainerProcess,
  channels: CommandChannels,
  outcomeOf: (exit: { code: number; startError?: string }) => Outcome,
): Promise<void> {
  try {
    channels.onResize((size) => process.resize(size));
    const { stdin } = channels;
    process.stdin.on("error", () => undefined);
    // What comes after the program has ended must not hold the connection up.
    process.stdin.on("close", () => stdin?.resume());
    stdin?.pipe(process.stdin);
    const copied = [copy(process.stdout, channels.stdout), process.stderr && copy(process.stderr, channels.stderr)];
    const ended = Promise.all([process.exited, ...copied]).then(([exit]) => exit);
    const exit = await Promise.race([ended, channels.closed]);
    if (exit) await channels.finish(outcomeOf(exit));
  } finally {
    await process.close();
  }
}

/** Resolves when everything has been handed over. What nobody asked for, or takes any more, is thrown away. */
function copy(from: Readable, to: Writable | undefined): Promise<void> {
  return new Promise((resolve) => {
    from.on("error", () => resolve());
    from.on("close", () => {
      if (!from.readableEnded) resolve();
    });
    if (!to) {
      from.on("end", resolve).resume();
      return;
    }
    to.on("error", () => undefined);
    to.on("finish", () => resolve());
    to.on("close", () => {
      from.unpipe(to).resume();
      resolve();
    });
    from.pipe(to);
  });
}

/** How an executed command ended; `id` names it in the words of a real runtime. */
export function execOutcome(id: string): (exit: { code: number; startError?: string }) => Outcome {
  return ({ code, startError }) => {
    if (startError !== undefined) {
      const why = `failed to exec in container: failed to start exec ${JSON.stringify(id)}: OCI runtime exec failed`;
      return internalError(`error executing command in container: ${why}: ${startError}: unknown`);
    }
    if (code === 0) return SUCCESS;
    return {
      metadata: {},
      status: "Failure",
      message: `command terminated with non-zero exit code: exit status ${code}`,
      reason: "NonZeroExitCode",
      details: { causes: [{ reason: "ExitCode", message: String(code) }] },
    };
  };
}

/** The container's own exit code is told by its pod's status. */
export function attachOutcome(): Outcome {
  return SUCCESS;
}

function internalError(message: string): Outcome {
  return {
    metadata: {},
    status: "Failure",
    message: `Internal error occurred: ${message}`,
    reason: "InternalError",
    details: { causes: [{ message }] },
    code: 500,
  };
}
