/** Runs a program of this checkout as an ordinary user that nobody else is: a number without a name or any groups. */
import { type SpawnSyncReturns, spawn, spawnSync } from "node:child_process";
import { chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";

/** Above the numbers that systems give away by themselves, below those of containers. */
const FIRST_ID = 70_000;
const IDS = 20_000;

/** Shows the checkout at `$1` as `$2`, wherever it is, and runs the rest there. The mount goes with its last process. */
const IN_PLACE = 'mount --bind "$1" "$2" && cd "$2" && shift 2 && exec "$@"';

export type OrdinaryUser = {
  /** Why users cannot have what containers need here. */
  problem: string | undefined;
  /** Resolves with what the program printed, which is also shown. */
  run(script: string, args: readonly string[]): Promise<string>;
  /** Ends what the user still has, and removes its files. Returns the command lines of what was ended. */
  remove(): string[];
};

/** Needs root. */
export function makeOrdinaryUser(checkout: string): OrdinaryUser {
  const id = FIRST_ID + (process.pid % IDS);
  const home = mkdtempSync(join(tmpdir(), "ordinary-user-"));
  const place = join(home, "checkout");
  const temporary = join(home, "tmp");
  for (const folder of [place, temporary]) mkdirSync(folder);
  for (const folder of [home, temporary]) chownSync(folder, id, id);
  const node = relative(checkout, process.execPath);
  const program = node.startsWith("..") ? process.execPath : join(place, node);
  const command = (args: readonly string[]): [string, string[]] => {
    const user = ["setpriv", `--reuid=${id}`, `--regid=${id}`, "--clear-groups", "--", ...args];
    return ["unshare", ["--mount", "--", "/bin/sh", "-c", IN_PLACE, "sh", checkout, place, ...user]];
  };
  const env = { ...process.env, HOME: home, TMPDIR: temporary };
  const attempt = (args: readonly string[]): SpawnSyncReturns<string> =>
    spawnSync(...command(args), { env, encoding: "utf8" });
  return {
    problem: problemOf(attempt([program, "--version"])) ?? problemOf(attempt(["unshare", "--user", "--net", "true"])),
    run: async (script, args) => {
      const child = spawn(...command([program, script, ...args]), { env, stdio: ["ignore", "pipe", "inherit"] });
      let output = "";
      for await (const text of child.stdout.setEncoding("utf8")) {
        output += text;
        process.stdout.write(text);
      }
      return output;
    },
    remove: () => {
      const left = processesOf(id);
      for (const { pid } of left) process.kill(pid, "SIGKILL");
      rmSync(home, { recursive: true, force: true });
      return left.map(({ command }) => command);
    },
  };
}

function problemOf({ status, stderr, error }: SpawnSyncReturns<string>): string | undefined {
  return status === 0 ? undefined : (error?.message ?? stderr.trim());
}

function processesOf(id: number): { pid: number; command: string }[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    const owner = statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid;
    if (owner !== id) return [];
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
    // What has ended but nobody has asked about has no command line.
    return command ? [{ pid: Number(pid), command }] : [];
  });
}
