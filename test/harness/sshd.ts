/** A real sshd for this user, on a port of its own: one key gets in, and what it may do is what the user may. */
import { type ChildProcess, spawn } from "node:child_process";
import { access, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { run } from "./program.ts";
import { has } from "./tools.ts";
import { eventually } from "./wait.ts";

export type Sshd = AsyncDisposable & {
  port: number;
  user: string;
  folder: string;
  /** The lines of a known_hosts file that names it. */
  knownHosts: string;
  /** The private key that gets in, and the same one under a passphrase. */
  key: string;
  lockedKey: string;
  passphrase: string;
  /** A key that does not get in. */
  strangersKey: string;
};

const BINARY = "/usr/sbin/sshd";
/** Where sshd of Debian locks itself in, when root starts it. */
const PRIVILEGES = "/run/sshd";
const PASSPHRASE = 'open sesame\'s "door"';

/** Starts it, or says why it cannot be had here. */
export async function startSshd(): Promise<Sshd | string> {
  const isInstalled =
    has("ssh") &&
    has("ssh-keygen") &&
    (await access(BINARY).then(
      () => true,
      () => false,
    ));
  if (!isInstalled) return "openssh-server and openssh-client are not installed";
  const folder = await mkdtemp(join(tmpdir(), "slipway-sshd-"));
  // It stays: any sshd of this machine may need it.
  await mkdir(PRIVILEGES, { recursive: true }).catch(() => undefined);
  let server: ChildProcess | undefined;
  const dispose = async (): Promise<void> => {
    const ended = server && server.exitCode === null && new Promise((resolve) => server?.once("exit", resolve));
    server?.kill();
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const keys = await makeKeys(folder);
    const port = await freePort();
    let log = "";
    server = spawn(BINARY, ["-D", "-e", "-f", await configuration(folder, port)], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    server.stderr?.on("data", (chunk: Buffer) => {
      log += chunk.toString();
    });
    await eventually("sshd to listen", async () => log.includes("Server listening") || server?.exitCode !== null);
    const { username: user } = userInfo();
    const knownHosts = `[127.0.0.1]:${port} ${keys.host}`;
    const sshd = { port, user, folder, knownHosts, ...keys, passphrase: PASSPHRASE, [Symbol.asyncDispose]: dispose };
    const problem = await whyNot(sshd);
    if (!problem) return sshd;
    await dispose();
    return `sshd does not let ${user} in here: ${problem}: ${log.trim().split("\n").at(-1)}`;
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function makeKeys(folder: string) {
  const make = async (name: string, passphrase = ""): Promise<string> => {
    const path = join(folder, name);
    const made = await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", passphrase, "-f", path]);
    if (made.code !== 0) throw new Error(made.stderr);
    return await readFile(path, "utf8");
  };
  const publicOf = async (name: string): Promise<string> => await readFile(join(folder, `${name}.pub`), "utf8");
  const [key, lockedKey, strangersKey] = [await make("key"), await make("locked", PASSPHRASE), await make("stranger")];
  await make("host");
  await writeFile(join(folder, "authorized"), (await publicOf("key")) + (await publicOf("locked")), { mode: 0o600 });
  return { key, lockedKey, strangersKey, host: (await publicOf("host")).trim() };
}

async function configuration(folder: string, port: number): Promise<string> {
  const path = join(folder, "sshd_config");
  const lines = [
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${join(folder, "host")}`,
    `AuthorizedKeysFile ${join(folder, "authorized")}`,
    `PidFile ${join(folder, "pid")}`,
    "PermitRootLogin prohibit-password",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "StrictModes no",
    "UsePAM no",
  ];
  await writeFile(path, `${lines.join("\n")}\n`);
  return path;
}

/** What is said to the right key, when it does not get in. */
async function whyNot({ port, user, folder }: Pick<Sshd, "port" | "user" | "folder">): Promise<string | undefined> {
  const options = ["IdentitiesOnly=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "BatchMode=yes"];
  const args = ["-F", "/dev/null", ...options.flatMap((option) => ["-o", option]), "-i", join(folder, "key")];
  const { code, stderr } = await run("ssh", [...args, "-p", String(port), `${user}@127.0.0.1`, "true"]);
  return code === 0 ? undefined : (stderr.trim().split("\n").at(-1) ?? `exit code ${code}`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
