/** What the API server asks of whoever runs the containers of pods: plain streams of bytes. */
import type { Duplex, Readable, Writable } from "node:stream";
import type { Query } from "../wire/request.ts";

/** Of a terminal, in characters. */
export type TerminalSize = { columns: number; rows: number };

/** A program in a container, as its user at the other end of a connection has it. */
export interface ContainerProcess {
  /** Ends the program's standard input when it is ended. */
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Undefined with a terminal. */
  readonly stderr: Readable | undefined;
  /** Settles when the program has ended and its output has been read. `startError`: why it could not be started. */
  readonly exited: Promise<{ code: number; startError?: string }>;
  resize(size: TerminalSize): void;
  /** Kills the program with all that it started; only lets go of it when it is the container's own. */
  close(): Promise<void>;
}

export interface RunningContainer {
  /** Starts another program. */
  spawn(args: readonly string[], options: { terminal: boolean }): ContainerProcess;
  /** Connects to the container's own program. */
  attach(): ContainerProcess;
}

export interface PodStreams {
  /** The log of a container; the stream ends with the log, or when `signal` aborts. */
  logs(namespace: string, pod: string, container: string, query: Query, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Undefined when the container does not run. */
  container(namespace: string, pod: string, container: string): RunningContainer | undefined;
  /** A connection to a TCP port of a pod. Rejects with an Error that says what went wrong. */
  connect(namespace: string, pod: string, port: number): Promise<Duplex>;
  /** A connection to an address that pods have; default: as to any other address. Rejects like {@link connect}. */
  dial?(place: { host: string; port: number }): Promise<Duplex>;
}
