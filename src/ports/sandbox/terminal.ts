/** Host programs with a terminal, made by `script` of util-linux: Node.js itself cannot make one. */
import { type ChildProcess, type IOType, spawn } from "node:child_process";
import type { Duplex } from "node:stream";
import { runHostTool, TOOL_ENVIRONMENT, toolPath } from "./process.ts";
import type { TerminalSize } from "./runtime.ts";

export type TerminalCommand = {
  file: string;
  args: readonly string[];
  /** All that the program gets. Default: the environment of host tools. */
  env?: Readonly<Record<string, string>>;
  /** A command line that runs another one: what the program and a shell above it are started through. */
  within?: readonly string[];
  /** Whether what is typed shows. Not for a program that brings a terminal of its own. */
  echo: boolean;
  /** What the program gets as its file descriptors 3 and 4. */
  extra?: readonly [IOType, IOType];
};

export type InTerminal = { child: ChildProcess; resize(size: TerminalSize): void };

/** What programs are told that their terminal is. */
export const TERM = "xterm";

/** Tells us which terminal it is, and tells the other end what to become: all users can read a command line. */
const CONTROL_FD = 5;
const BECOME = `eval "$(cat <&${CONTROL_FD})"`;
/** A shell must not see variables that are not ours: to some, assigning them means more than that. */
const BECOME_WITH_ENVIRONMENT = `
  const { closeSync, readFileSync } = require("node:fs");
  const { file, args, env } = JSON.parse(readFileSync(${CONTROL_FD}, "utf8"));
  closeSync(${CONTROL_FD});
  process.execve(file, args, env);`;
const LARGEST = 0xffff;

/** Starts a program in a terminal of its own. It is killed when this program ends, however that happens. */
export function spawnInTerminal(command: TerminalCommand): InTerminal {
  const [third, fourth] = command.extra ?? ["ignore", "ignore"];
  const script = ["script", "-q", "-f", "-e", "-E", command.echo ? "always" : "never"];
  const line = [...script, "-c", shellLine(command), "/dev/null"];
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", ...line], {
    stdio: ["pipe", "pipe", "pipe", third, fourth, "pipe"],
    env: TOOL_ENVIRONMENT,
    detached: true,
  });
  const control = child.stdio.at(CONTROL_FD) as Duplex;
  const device = firstLine(control);
  control.end(orders(command));
  return { child, resize: resizer(device) };
}

function shellLine({ within, env }: TerminalCommand): string {
  const node = [process.execPath, "--no-warnings", "-e", BECOME_WITH_ENVIRONMENT];
  const become = `tty >&${CONTROL_FD}; ${env ? `exec ${words(node)}` : BECOME}`;
  // With job control, what is typed to interrupt the program is for the program alone, not for the shell above it.
  return within ? `exec ${words([...within, "/bin/sh", "-c", `set -m; (${become}); exit $?`])}` : become;
}

/** What {@link CONTROL_FD} says to become. */
function orders({ file, args, env }: TerminalCommand): string {
  const line = [toolPath(file), ...args];
  return env ? JSON.stringify({ file: line[0], args: line, env }) : `exec ${CONTROL_FD}>&-\nexec ${words(line)}`;
}

function words(line: readonly string[]): string {
  return line.map(quoted).join(" ");
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** Empty when there is none. What follows is thrown away. */
function firstLine(stream: Duplex): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const take = (chunk: Buffer): void => {
      text += chunk.toString();
      const end = text.indexOf("\n");
      if (end < 0) return;
      stream.off("data", take).resume();
      resolve(text.slice(0, end));
    };
    stream.on("error", () => undefined);
    stream.on("close", () => resolve(""));
    stream.on("data", take);
  });
}

/** Sets the size of a terminal, the newest one when several are asked for at once. */
function resizer(device: Promise<string>): (size: TerminalSize) => void {
  let next: TerminalSize | undefined;
  let isBusy = false;
  const work = async (): Promise<void> => {
    isBusy = true;
    const path = await device;
    while (next) {
      const size = next;
      next = undefined;
      await setSize(path, size);
    }
    isBusy = false;
  };
  return (size) => {
    if (![size.columns, size.rows].every((count) => Number.isInteger(count) && count > 0 && count <= LARGEST)) return;
    next = size;
    if (!isBusy) void work();
  };
}

/** A terminal that is gone has no size to set. */
async function setSize(device: string, { columns, rows }: TerminalSize): Promise<void> {
  if (!device.startsWith("/dev/")) return;
  await runHostTool("stty", ["-F", device, "cols", String(columns), "rows", String(rows)]).catch(() => undefined);
}
