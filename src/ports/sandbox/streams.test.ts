/** Programs started in containers and attachments to them, with real processes, in every runtime of this machine. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { createBubblewrap } from "./bubblewrap/bubblewrap.ts";
import { NO_NETWORK } from "./network/network.ts";
import { treeOf } from "./process-tree.ts";
import { createRunc } from "./runc/runc.ts";
import type { Container, ContainerProcess, ContainerSpec, SandboxRuntime } from "./runtime.ts";
import { hostMounts, makeSkeleton } from "./skeleton.ts";
import { missing } from "./testkit.ts";

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const isRoot = process.getuid?.() === 0;

const TOOLS = ["script", "setpriv", "stty"];
const runtimes = [
  { name: "runc", make: createRunc, skip: isRoot ? missing("runc", ...TOOLS) : "runc needs root" },
  { name: "bubblewrap", make: createBubblewrap, skip: missing("bwrap", "nsenter", ...TOOLS) },
] as const;

/** Reads until the pattern has come. */
async function until(stream: Readable, pattern: RegExp): Promise<string> {
  let seen = "";
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    seen += String(chunk);
    if (pattern.test(seen)) return seen;
  }
  throw new Error(`the output ended without ${pattern}: ${seen}`);
}

async function result(program: ContainerProcess): Promise<{ code: number; out: string; err: string }> {
  const [out, err, { code }] = await Promise.all([
    text(program.stdout),
    program.stderr ? text(program.stderr) : "",
    program.exited,
  ]);
  return { code, out, err };
}

/** How many processes of this machine have `marker` on their command line, of all programs or of one. */
async function countRunning(marker: string, program?: string): Promise<number> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  const commands = lines.map((line) => line.split("\0"));
  return commands.filter((words) => words.includes(marker) && (program === undefined || words[0] === program)).length;
}

for (const { name, make, skip } of runtimes)
  describe(`${name} talks to programs in containers`, { skip }, () => {
    let directory = "";
    let runtime: SandboxRuntime;
    let idle: Container;
    let count = 0;

    const specOf = async (script: string, extra: Partial<ContainerSpec> = {}): Promise<ContainerSpec> => ({
      id: `c${++count}`,
      rootfs: { layers: [join(directory, "layer")] },
      args: ["/bin/sh", "-c", script],
      env: { PATH, GREETING: "it's me", "with.dot": "dotted" },
      cwd: "/tmp",
      user: "1001:1001",
      hostname: "pod-1",
      resources: {},
      network: NO_NETWORK,
      mounts: await hostMounts(),
      detached: true,
      ...extra,
    });
    const create = async (script: string, extra?: Partial<ContainerSpec>): Promise<Container> =>
      runtime.create(await specOf(script, extra));
    const shell = (script: string, container = idle): ContainerProcess =>
      container.spawn(["/bin/sh", "-c", script], { terminal: false });

    before(async () => {
      directory = await mkdtemp(join(tmpdir(), "slipway-streams-"));
      await mkdir(join(directory, "layer"));
      await makeSkeleton(join(directory, "layer"));
      runtime = make({ directory: join(directory, "sandbox") });
      await runtime.recover();
      idle = await create("", { args: ["sleep", "1000"] });
    });

    after(async () => {
      await runtime.close();
      await rm(directory, { recursive: true, force: true });
    });

    it("runs in the container, as its user, in its directory and environment", async () => {
      const { out } = await result(shell('id -u; pwd; hostname; echo "$GREETING"; cat /proc/1/comm'));
      assert.deepEqual(out.trim().split("\n"), ["1001", "/tmp", "pod-1", "it's me", "sleep"]);
      assert.match((await result(idle.spawn(["env"], { terminal: false }))).out, /^with\.dot=dotted$/m);
    });

    it("keeps the streams apart and gives the exit code, of a signal too", async () => {
      assert.deepEqual(await result(shell("echo out; echo err >&2; exit 3")), { code: 3, out: "out\n", err: "err\n" });
      assert.equal((await result(shell("kill -TERM $$"))).code, 143);
    });

    it("passes input on to its end, however much", async () => {
      const program = shell("wc -c");
      for (let index = 0; index < 64; index++) program.stdin.write(Buffer.alloc(64 << 10, "x"));
      program.stdin.end();
      assert.equal((await result(program)).out.trim(), String(4 << 20));
    });

    it("says why a program cannot be started", async () => {
      const absent = idle.spawn(["nosuch"], { terminal: false });
      assert.deepEqual(await text(absent.stderr as Readable), "");
      const { code, startError } = await absent.exited;
      assert.notEqual(code, 0);
      assert.equal(
        startError,
        'exec failed: unable to start container process: exec: "nosuch": executable file not found in $PATH',
      );
      const path = idle.spawn(["/no/such"], { terminal: false });
      assert.match((await path.exited).startError ?? "", /exec: "\/no\/such": .*no such file or directory/);
      const typed = idle.spawn(["nosuch"], { terminal: true });
      assert.equal(await text(typed.stdout), "");
      assert.match((await typed.exited).startError ?? "", /executable file not found/);
    });

    it("gives a terminal that takes input, resizes and interrupts", async () => {
      const program = idle.spawn(["/bin/sh"], { terminal: true });
      assert.equal(program.stderr, undefined);
      program.resize({ columns: 91, rows: 37 });
      program.stdin.write("test -t 0 && echo is''-terminal $TERM \"$GREETING\"\n");
      await until(program.stdout, /is-terminal xterm it's me/);
      program.stdin.write("while ! stty size | grep '37 91'; do sleep 0.05; done; echo siz''ed\n");
      await until(program.stdout, /sized/);
      program.resize({ columns: 120, rows: 40 });
      program.stdin.write("while ! stty size | grep '40 120'; do sleep 0.05; done; echo resi''zed\n");
      await until(program.stdout, /resized/);
      program.stdin.write("(trap \"echo cau''ght; exit 3\" INT; echo rea''dy; while :; do sleep 0.05; done)\n");
      await until(program.stdout, /ready/);
      program.stdin.write("\x03");
      await until(program.stdout, /caught/);
      program.stdin.write("echo aft''er; exit 5\n");
      const rest = await text(program.stdout);
      assert.match(rest, /after/);
      assert.equal((await program.exited).code, 5);
    });

    it("kills a program with everything it started", async () => {
      for (const terminal of [false, true]) {
        const marker = `${5000 + count++}.${process.pid}`;
        const script = `sleep ${marker} & (sleep ${marker} &) ; echo up; sleep ${marker}`;
        const program = idle.spawn(["/bin/sh", "-c", script], { terminal });
        await until(program.stdout, /up/);
        while ((await countRunning(marker)) < 3) await new Promise((resolve) => setTimeout(resolve, 5));
        await program.close();
        assert.equal(await countRunning(marker), 0);
        assert.equal((await program.exited).code, 137);
      }
    });

    it("ends programs when ours is killed", async () => {
      const marker = `${7000 + count++}.${process.pid}`;
      const script = `
        const { make, spec, directory, marker } = JSON.parse(process.argv[1]);
        const runtime = (await import(process.argv[2]))[make]({ directory });
        await runtime.recover();
        const container = await runtime.create(spec);
        for (const terminal of [false, true]) container.spawn(["sleep", marker], { terminal }).stdout.resume();
        setInterval(() => {}, 1000);`;
      const module = fileURLToPath(import.meta.resolve(`./${name}/${name}.ts`));
      const crashing = join(directory, "crashing");
      const spec = { ...(await specOf("", { args: ["sleep", "1000"] })), id: "crashing" };
      const argument = JSON.stringify({ make: make.name, spec, directory: crashing, marker });
      const child = spawn(process.execPath, ["--input-type=module", "-e", script, argument, module], {
        stdio: ["ignore", "ignore", "inherit"],
      });
      const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));
      while ((await countRunning(marker, "sleep")) < 2) await turn();
      child.kill("SIGKILL");
      await once(child, "close");
      while ((await countRunning(marker)) > 0) await turn();
      const next = make({ directory: crashing });
      await next.recover();
      await next.close();
    });

    it("runs probes to their end, or kills them", async () => {
      assert.deepEqual(await idle.exec(["echo", "fine"], { timeoutMs: 10_000 }), {
        code: 0,
        output: "fine\n",
        timedOut: false,
      });
      const slow = await idle.exec(["sleep", "1000"], { timeoutMs: 50 });
      assert.deepEqual([slow.code, slow.timedOut], [137, true]);
    });

    it("attaches to the container's own program", async () => {
      const script = 'while read line; do echo "got $line"; [ "$line" = end ] && exit 4; done';
      const container = await create(script, { stdin: true });
      const [one, two] = [container.attach(), container.attach()];
      one.stdin.write("first\n");
      await until(two.stdout, /got first/);
      await one.close();
      two.stdin.write("end\n");
      assert.match(await text(two.stdout), /got end/);
      assert.equal((await two.exited).code, 4);
      assert.deepEqual(await container.exited, { code: 4, oomKilled: false });
      await container.remove();
    });

    it("ends the input of a container with its first attachment, if it says so", async () => {
      const container = await create("cat; echo over", { stdin: true, stdinOnce: true });
      const attached = container.attach();
      attached.stdin.end("hello\n");
      assert.equal(await text(attached.stdout), "hello\nover\n");
      await container.remove();
    });

    it("gives a container a terminal of its own", async () => {
      const container = await create("test -t 0 && read line && stty size && exit 6", { stdin: true, terminal: true });
      const attached = container.attach();
      attached.resize({ columns: 100, rows: 30 });
      let sized = "";
      while (!sized.includes("30 100")) {
        const asked = await result(container.spawn(["stty", "-F", "/dev/tty", "size"], { terminal: false }));
        const own = await result(container.spawn(["/bin/sh", "-c", "stty size < /proc/1/fd/0"], { terminal: false }));
        sized = asked.out + own.out;
      }
      attached.stdin.write("go\n");
      assert.match(await text(attached.stdout), /30 100/);
      assert.equal((await container.exited).code, 6);
      await container.remove();
    });
  });

describe("process trees", () => {
  const entry = (pid: number, parent: number, session: number, zombie = false) => ({ pid, parent, session, zombie });

  it("hold descendants and the members of the sessions that they lead", () => {
    const table = [entry(1, 0, 1), entry(5, 1, 1), entry(6, 5, 6), entry(7, 6, 6), entry(8, 1, 6), entry(9, 1, 9)];
    assert.deepEqual(treeOf(5, table), [5, 6, 7, 8]);
  });

  it("do not hold what has ended, nor the session of the caller", () => {
    assert.deepEqual(treeOf(5, [entry(3, 1, 3), entry(5, 3, 3), entry(6, 5, 3, true)]), [5]);
    assert.deepEqual(treeOf(5, []), []);
  });
});
