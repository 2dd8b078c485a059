/** The same behaviour from every runtime that works on this machine, with real processes. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { createBubblewrap } from "./bubblewrap/bubblewrap.ts";
import { detectRuntime } from "./detect.ts";
import { HOST_NETWORK, NO_NETWORK } from "./network/network.ts";
import { createRunc } from "./runc/runc.ts";
import type { ContainerSpec, SandboxRuntime } from "./runtime.ts";
import { hostMounts, makeSkeleton } from "./skeleton.ts";
import { missing } from "./testkit.ts";
import { runTool } from "./tool.ts";

const isRoot = process.getuid?.() === 0;
const SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const runtimes = [
  {
    name: "runc",
    make: createRunc,
    skip: isRoot ? missing("runc") : "runc needs root",
  },
  {
    name: "bubblewrap",
    make: createBubblewrap,
    skip: missing("bwrap"),
  },
] as const;

/** False for processes that are gone, and for those that only wait to be collected by their parent. */
async function isRunning(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return status !== "" && !/\) Z /.test(status);
}

async function mountsBelow(directory: string): Promise<string[]> {
  const table = await readFile("/proc/self/mountinfo", "utf8");
  return table.split("\n").filter((line) => line.includes(` ${directory}`));
}

const ways = runtimes.flatMap((runtime) => [false, true].map((detached) => ({ ...runtime, detached })));

for (const { name, make, skip, detached } of ways)
  describe(`${name} runs ${detached ? "detached " : ""}containers`, { skip }, () => {
    let directory = "";
    let runtime: SandboxRuntime;
    let count = 0;

    const shell = async (script: string, extra: Partial<ContainerSpec> = {}): Promise<ContainerSpec> => ({
      id: `c${++count}`,
      rootfs: { layers: [join(directory, "layer")] },
      args: ["/bin/sh", "-c", script],
      env: { PATH: SYSTEM_PATH, GREETING: "hello" },
      cwd: "/",
      user: "1001:1001",
      hostname: "pod-1",
      resources: {},
      network: NO_NETWORK,
      logPath: join(directory, `c${count}.log`),
      detached,
      ...extra,
      mounts: [...(await hostMounts()), ...(extra.mounts ?? [])],
    });

    const run = async (script: string, extra?: Partial<ContainerSpec>): Promise<{ code: number; log: string[] }> => {
      const spec = await shell(script, extra);
      const container = await runtime.create(spec);
      const { code } = await container.exited;
      await container.remove();
      const log = (await readFile(spec.logPath ?? "", "utf8")).split("\n").filter(Boolean);
      return { code, log: log.map((line) => line.split(" ").slice(1).join(" ")) };
    };

    before(async () => {
      directory = await mkdtemp(join(tmpdir(), "slipway-sandbox-"));
      await mkdir(join(directory, "layer"));
      await makeSkeleton(join(directory, "layer"));
      runtime = make({ directory: join(directory, "sandbox") });
      await runtime.recover();
    });

    after(async () => {
      await runtime.close();
      assert.deepEqual(await mountsBelow(directory), []);
      await rm(directory, { recursive: true, force: true });
    });

    it("gives the exit code and logs both streams in the CRI format", async () => {
      const { code, log } = await run('echo "$GREETING"; echo oops >&2; exit 3');
      assert.equal(code, 3);
      assert.deepEqual(log.toSorted(), ["stderr F oops", "stdout F hello"]);
    });

    it("denies system calls that no application needs", async () => {
      const { log } = await run("grep Seccomp: /proc/self/status; unshare --user true 2>&1");
      assert.match(log.join("\n"), /Seccomp:\s+2[\s\S]*unshare failed: Operation not permitted/);
      const unconfined = await run("grep Seccomp: /proc/self/status", { seccomp: "unconfined" });
      assert.match(unconfined.log.join(), /Seccomp:\s+0/);
    });

    it("runs as the given user, without capabilities, on its own host name, and may write to /tmp", async () => {
      const { log } = await run("id -u; id -g; hostname; grep CapEff /proc/self/status; touch /tmp/x && echo written");
      assert.deepEqual(log, [
        "stdout F 1001",
        "stdout F 1001",
        "stdout F pod-1",
        "stdout F CapEff:\t0000000000000000",
        "stdout F written",
      ]);
    });

    it("sees neither our environment nor our processes nor the network", async () => {
      const { log } = await run(
        "env | cut -d= -f1 | grep -v -e PWD -e _ -e SHLVL -e HOME | sort | tr '\\n' ' '; ls -d /proc/[0-9]* | wc -l; ls /sys/class/net 2>/dev/null | grep -c eth0",
      );
      assert.equal(log[0], `stdout F GREETING PATH ${(log[0] ?? "").split(" ").at(-1)}`);
      assert.ok(Number((log[0] ?? "").split(" ").at(-1)) < 10, `few processes: ${log[0]}`);
      assert.equal(log[1], "stdout F 0");
    });

    it("keeps what a container writes out of the shared layer", async () => {
      await run("echo dirt > /tmp/dirt; echo dirt > /dirt", { user: "0:0" });
      assert.equal((await readdir(join(directory, "layer"))).includes("dirt"), false);
      const { log } = await run("ls /tmp | wc -l");
      assert.deepEqual(log, ["stdout F 0"]);
    });

    it("binds directories, read-only where asked", async () => {
      await mkdir(join(directory, "data"), { recursive: true });
      await writeFile(join(directory, "data/in"), "given\n");
      const { log } = await run("cat /data/in; touch /data/out 2>/dev/null || echo refused", {
        mounts: [{ source: join(directory, "data"), target: "/data", readOnly: true }],
      });
      assert.deepEqual(log, ["stdout F given", "stdout F refused"]);
    });

    it("signals the first process, which may end in its own way", async () => {
      const spec = await shell('trap "echo bye; exit 7" TERM; echo up; while :; do sleep 0.02; done');
      let started: () => void = () => undefined;
      const up = new Promise<void>((resolve) => {
        started = resolve;
      });
      const container = await runtime.create({ ...spec, onOutput: () => started() });
      await up;
      container.kill("SIGTERM");
      assert.deepEqual(await container.exited, { code: 7, oomKilled: false });
      await container.remove();
    });

    it("removes a running container with all its processes", async () => {
      const container = await runtime.create(await shell("sleep 1000 & sleep 1000"));
      await container.remove();
      assert.equal((await container.exited).code, 137);
      assert.equal(await isRunning(container.pid), false);
    });

    it("says what is wrong with a program that does not exist", async () => {
      const failed = runtime.create(await shell("", { args: ["/no/such/program"] })).then(async (container) => {
        const exit = await container.exited;
        await container.remove();
        assert.equal(exit.code, 128);
        throw new Error(exit.startError);
      });
      await assert.rejects(failed, /no\/such\/program.*[Nn]o such file/);
    });

    it("runs a host tool on a directory, with its output and without our environment", async () => {
      const cwd = await mkdtemp(join(directory, "tool-"));
      const spec = { id: "tool", cwd, network: false, timeoutMs: 20_000, scratch: directory };
      const outcome = await runTool(runtime, {
        ...spec,
        args: ["/bin/sh", "-c", 'pwd; echo "$HOME"; echo made > file; exit 4'],
      });
      assert.deepEqual(outcome, { code: 4, output: `${cwd}\n/home\n`, timedOut: false });
      assert.equal(await readFile(join(cwd, "file"), "utf8"), "made\n");
      const slow = await runTool(runtime, { ...spec, args: ["sleep", "100"], timeoutMs: 50 });
      assert.deepEqual([slow.code, slow.timedOut], [137, true]);
    });

    it("leaves nothing of a program that was killed", async () => {
      const crashing = join(directory, "crashing");
      const script = `
        const { make, spec, directory } = JSON.parse(process.argv[1]);
        const { [make]: create } = await import(process.argv[2]);
        const runtime = create({ directory });
        await runtime.recover();
        const container = await runtime.create(spec);
        console.log(container.pid);
        setInterval(() => {}, 1000);`;
      const module = fileURLToPath(
        import.meta.resolve(name === "runc" ? "./runc/runc.ts" : "./bubblewrap/bubblewrap.ts"),
      );
      const spec = await shell("sleep 1000", { network: HOST_NETWORK, detached: false });
      const argument = JSON.stringify({ make: make.name, spec, directory: crashing });
      const child = spawn(process.execPath, ["--input-type=module", "-e", script, argument, module], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const [line] = (await once(child.stdout, "data")) as [Buffer];
      child.stdout.destroy();
      const pid = Number(line.toString());
      assert.equal(await isRunning(pid), true);
      child.kill("SIGKILL");
      await once(child, "close");
      const next = make({ directory: crashing });
      await next.recover();
      assert.equal(await isRunning(pid), false);
      assert.deepEqual(await mountsBelow(crashing), []);
      assert.deepEqual(await readdir(crashing), []);
      await next.close();
    });
  });

describe("runc limits", { skip: runtimes[0].skip }, () => {
  it("kills a container that takes too much memory, runs others beside it, and tells why", async () => {
    const directory = await mkdtemp(join(tmpdir(), "slipway-oom-"));
    const layer = join(directory, "layer");
    await makeSkeleton(layer);
    const runtime = createRunc({ directory: join(directory, "sandbox") });
    await runtime.recover();
    const container = await runtime.create({
      id: "greedy",
      rootfs: { layers: [layer] },
      args: ["/bin/sh", "-c", 'x=a; while :; do x="$x$x"; done'],
      env: {},
      cwd: "/",
      user: "0:0",
      hostname: "greedy",
      mounts: await hostMounts(),
      resources: { memoryBytes: 32 * 1024 * 1024, pids: 16, cpuMillis: 500 },
      network: NO_NETWORK,
      detached: true,
    });
    assert.deepEqual(await container.exited, { code: 137, oomKilled: true });
    const inside = container.exec?.(["true"], { timeoutMs: 1000 });
    assert.notEqual((await inside)?.code, 0, "nothing runs in a container that has ended");
    await runtime.close();
    await rm(directory, { recursive: true, force: true });
  });
});

describe("detectRuntime", () => {
  it("says what is missing when there is nothing to run containers with", async () => {
    const directory = await mkdtemp(join(tmpdir(), "slipway-detect-"));
    const { runtime, problems } = await detectRuntime({ directory, path: directory, uid: 1000 });
    assert.equal(runtime, undefined);
    assert.match(problems.join("\n"), /not root[\s\S]*bubblewrap is not installed: install it/);
    await rm(directory, { recursive: true, force: true });
  });

  it("takes the best that works", {
    skip: runtimes.every(({ skip }) => skip) && "no runtime is installed",
  }, async () => {
    const directory = await mkdtemp(join(tmpdir(), "slipway-detect-"));
    const { runtime, problems } = await detectRuntime({ directory });
    assert.equal(runtime?.name, runtimes[0].skip ? "bubblewrap" : "runc", problems.join("\n"));
    await runtime?.close();
    await rm(directory, { recursive: true, force: true });
  });
});
