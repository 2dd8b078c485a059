/** The client of the supervisor: a small process that is the parent of all containers and outlives the program. */
import { spawn } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import { open } from "node:fs/promises";
import { connect, Socket } from "node:net";
import { basename, dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { TOOL_ENVIRONMENT } from "../process.ts";

const SCRIPT = fileURLToPath(new URL("supervisor.pl", import.meta.url));
const CONNECT_ATTEMPTS = 200;
const CONNECT_STEP_MS = 5;
const END_STEPS = 200;
const DEFAULT_IDLE_SECONDS = 60;

export type SupervisedCommand = {
  /** Unique among what runs; names the pipes until they are released. */
  key: string;
  /** An absolute path and its arguments. The environment is that of host tools. */
  command: readonly string[];
  cwd: string;
  /** Paths of pipes (FIFOs), made when they do not exist. Absent: /dev/null. */
  stdin?: string;
  stdout?: string;
  stderr?: string;
};

export interface Supervisor {
  /** Starts a process that the program's own end does not touch. Resolves with its id; rejects when it cannot be started. */
  start(command: SupervisedCommand): Promise<number>;
  /** The exit code of a process that was started here or that a started process left behind: 128 + n after signal n, -1 when nobody knows. */
  ended(pid: number): Promise<number>;
  /** Whether such a process runs; its exit code when it has ended; undefined when nobody knows. */
  stateOf(pid: number): Promise<"running" | number | undefined>;
  /** Ends the standard input of a key. */
  closeInput(key: string): void;
  /** Lets go of the pipes of a key, so that their readers see the end. */
  release(key: string): void;
  /** Forgets how a process ended. */
  forget(pid: number): void;
  /** Disconnects; what runs goes on. */
  close(): void;
  /** Ends the supervisor; what runs goes on without anybody who knows how it ends. */
  quit(): Promise<void>;
  /** Settles when there is no connection any more. */
  readonly lost: Promise<void>;
}

/** Connects to the supervisor at a socket if there is one. */
export async function findSupervisor(socketPath: string): Promise<Supervisor | undefined> {
  const running = await tryConnect(socketPath);
  return running && new SupervisorClient(running);
}

/** Connects to the supervisor at a socket, starting it when there is none. Rejects when it cannot be started. */
export async function connectSupervisor(
  socketPath: string,
  options: { idleSeconds?: number } = {},
): Promise<Supervisor> {
  const { idleSeconds = DEFAULT_IDLE_SECONDS } = options;
  const running = await findSupervisor(socketPath);
  if (running) return running;
  const child = spawn("perl", [SCRIPT, socketPath, String(idleSeconds)], {
    detached: true,
    stdio: ["ignore", "ignore", "pipe"],
    env: TOOL_ENVIRONMENT,
  });
  let complaint = "";
  let gone = false;
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint += text;
  });
  child.on("error", (error) => {
    complaint = error.message;
    gone = true;
  });
  child.on("exit", () => {
    gone = true;
  });
  for (let attempt = 0; attempt < CONNECT_ATTEMPTS && !gone; attempt++) {
    const socket = await tryConnect(socketPath);
    if (socket) {
      child.stderr.destroy();
      child.unref();
      return new SupervisorClient(socket);
    }
    await sleep(CONNECT_STEP_MS);
  }
  child.kill("SIGKILL");
  throw new Error(`the supervisor of containers does not start: ${complaint.trim() || "it does not answer"}`);
}

/** What comes out of a pipe that {@link Supervisor.start} made; it ends when the pipe is released. Throws when it is not there. */
export function readPipe(path: string): Socket {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  // The end of a pipe is told only to those who have seen somebody who writes.
  closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
  return new Socket({ fd, readable: true, writable: false });
}

/** The way into a pipe that {@link Supervisor.start} made. Throws when it is not there. */
export function writePipe(path: string): Socket {
  return new Socket({ fd: openSync(path, constants.O_WRONLY | constants.O_NONBLOCK), readable: false, writable: true });
}

class SupervisorClient implements Supervisor {
  readonly lost: Promise<void>;
  private readonly socket: Socket;
  private readonly starts = new Map<string, { resolve(pid: number): void; reject(error: Error): void }>();
  private readonly ends = new Map<number, { promise: Promise<number>; resolve(code: number): void }>();
  private readonly questions = new Map<number, PromiseWithResolvers<"running" | number | undefined>>();
  private rest = "";
  private pid = 0;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding("utf8");
    socket.on("data", (text) => this.receive(String(text)));
    socket.on("error", () => undefined);
    this.lost = new Promise((resolve) => {
      socket.on("close", () => {
        this.lose();
        resolve();
      });
    });
  }

  start({ key, command, cwd, stdin = "-", stdout = "-", stderr = "-" }: SupervisedCommand): Promise<number> {
    return new Promise((resolve, reject) => {
      this.starts.set(key, { resolve, reject });
      this.send("start", key, stdin, stdout, stderr, cwd, ...command);
    });
  }

  ended(pid: number): Promise<number> {
    const known = this.ends.get(pid);
    if (known) return known.promise;
    const waiting = Promise.withResolvers<number>();
    this.ends.set(pid, waiting);
    this.send("watch", String(pid));
    return waiting.promise;
  }

  stateOf(pid: number): Promise<"running" | number | undefined> {
    const known = this.questions.get(pid) ?? Promise.withResolvers<"running" | number | undefined>();
    this.questions.set(pid, known);
    this.send("state", String(pid));
    return known.promise;
  }

  closeInput(key: string): void {
    this.send("eof", key);
  }

  release(key: string): void {
    this.send("release", key);
  }

  forget(pid: number): void {
    this.send("forget", String(pid));
  }

  close(): void {
    this.socket.end();
  }

  async quit(): Promise<void> {
    this.send("quit");
    this.close();
    await this.lost;
    for (let step = 0; step < END_STEPS && isThere(this.pid); step++) await sleep(CONNECT_STEP_MS);
  }

  private send(...fields: string[]): void {
    this.socket.write(`${fields.map(encodeURIComponent).join(" ")}\n`);
  }

  private receive(text: string): void {
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop() ?? "";
    for (const line of lines) {
      const [verb, key = "", value = ""] = line.split(" ").map(decodeURIComponent);
      if (verb === "ended") this.end(Number(key), Number(value));
      else if (verb === "hello") this.pid = Number(key);
      else if (verb === "state") this.answer(Number(key), value);
      else this.begin(key, verb === "started" ? Number(value) : new Error(value));
    }
  }

  private begin(key: string, result: number | Error): void {
    const waiting = this.starts.get(key);
    this.starts.delete(key);
    if (typeof result === "number") waiting?.resolve(result);
    else waiting?.reject(result);
  }

  private answer(pid: number, state: string): void {
    const code = state === "unknown" ? undefined : Number(state);
    this.questions.get(pid)?.resolve(state === "running" ? state : code);
    this.questions.delete(pid);
  }

  private end(pid: number, code: number): void {
    this.ends.get(pid)?.resolve(code);
    this.ends.delete(pid);
  }

  /** Somebody ended the supervisor: nobody will tell how anything ends. */
  private lose(): void {
    const lost = new Error("the supervisor of containers has ended");
    for (const key of [...this.starts.keys()]) this.begin(key, lost);
    for (const pid of [...this.questions.keys()]) this.answer(pid, "unknown");
    for (const pid of [...this.ends.keys()]) this.end(pid, -1);
  }
}

function isThere(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Addresses of sockets are short, so it is found below its open directory. */
async function tryConnect(path: string): Promise<Socket | undefined> {
  const folder = await open(dirname(path), constants.O_DIRECTORY).catch(() => undefined);
  if (!folder) return undefined;
  const socket = connect(`/proc/self/fd/${folder.fd}/${basename(path)}`);
  const connected = await new Promise<boolean>((resolve) => {
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
  });
  await folder.close();
  socket.removeAllListeners("error");
  return connected ? socket : undefined;
}
