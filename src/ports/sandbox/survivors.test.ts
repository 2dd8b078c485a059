/** Containers that outlive their program, in every runtime of this machine: found again, or removed. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { createBubblewrap } from "./bubblewrap/bubblewrap.ts";
import { mountPoints } from "./leftovers.ts";
import { HOST_NETWORK } from "./network/network.ts";
import { createRunc } from "./runc/runc.ts";
import type { ContainerSpec, SandboxRuntime, Survivor } from "./runtime.ts";
import { hostMounts, makeSkeleton } from "./skeleton.ts";
import { findSupervisor } from "./supervisor/supervisor.ts";
import { missing } from "./testkit.ts";

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const isRoot = process.getuid?.() === 0;

const runtimes = [
  { name: "runc", make: createRunc, skip: isRoot ? missing("runc", "perl") : "runc needs root" },
  { name: "bubblewrap", make: createBubblewrap, skip: missing("bwrap", "perl") },
] as const;

/** Starts containers in a program of its own, says their process ids, and waits. */
const PROGRAM = `
  const { make, specs, directory } = JSON.parse(process.argv[1]);
  const runtime = (await import(process.argv[2]))[make]({ directory });
  await runtime.recover();
  const network = { kind: "host", ip: "127.0.0.1", port: (port) => port };
  const containers = await Promise.all(specs.map((spec) => runtime.create({ ...spec, network })));
  console.log(containers.map(({ pid }) => pid).join(" "));
  setInterval(() => {}, 1000);`;

for (const { name, make, skip } of runtimes)
  describe(`${name} finds containers again`, { skip }, () => {
    let directory = "";
    let sandbox = "";
    let runtime: SandboxRuntime;

    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), "slipway-survivors-"));
      sandbox = join(directory, "sandbox");
      await mkdir(join(directory, "layer"));
      await makeSkeleton(join(directory, "layer"));
      runtime = make({ directory: sandbox });
    });

    afterEach(async () => {
      await runtime.close();
      assert.deepEqual(
        (await mountPoints()).filter((path) => path.startsWith(directory)),
        [],
      );
      assert.deepEqual(await commandsWith(sandbox), []);
      await rm(directory, { recursive: true, force: true });
    });

    const specOf = async (id: string, script: string, extra: Partial<ContainerSpec> = {}): Promise<ContainerSpec> => ({
      id,
      rootfs: { layers: [join(directory, "layer")] },
      args: ["/bin/sh", "-c", script],
      env: { PATH, SECRET: "s3cret" },
      cwd: "/tmp",
      user: "1001:1001",
      hostname: "pod-1",
      resources: {},
      network: HOST_NETWORK,
      logPath: join(directory, `${id}.log`),
      detached: true,
      ...extra,
      mounts: [...(await hostMounts()), ...(extra.mounts ?? [])],
    });

    /** Starts the containers in a program that is killed then; returns their process ids. */
    async function startAndCrash(...specs: ContainerSpec[]): Promise<number[]> {
      const module = fileURLToPath(import.meta.resolve(`./${name}/${name}.ts`));
      const argument = JSON.stringify({ make: make.name, specs, directory: sandbox });
      const child = spawn(process.execPath, ["--input-type=module", "-e", PROGRAM, argument, module], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const [line] = (await once(child.stdout, "data")) as [Buffer];
      child.stdout.destroy();
      child.kill("SIGKILL");
      await once(child, "close");
      return line.toString().trim().split(" ").map(Number);
    }

    const log = async (id: string): Promise<string[]> => {
      const text = await readFile(join(directory, `${id}.log`), "utf8");
      return text.split("\n").flatMap((line) => line.split(" ").slice(3).join(" ") || []);
    };

    it("which go on, log what they have said meanwhile, and can be used as before", async () => {
      const shared = join(directory, "shared");
      await mkdir(shared, { mode: 0o777 });
      const mounts = [{ source: shared, target: "/shared", readOnly: true }];
      const script =
        'sleep 0.3; echo before; until [ -e /shared/go ]; do sleep 0.02; done; echo while; trap "exit 9" TERM; read line; echo "got $line"; while :; do sleep 0.02; done';
      const [pid] = await startAndCrash(await specOf("lasting", script, { mounts, stdin: true }));
      await writeFile(join(shared, "go"), "");
      const [survivor, ...others] = await runtime.recover();
      assert.deepEqual([survivor?.container.pid, survivor?.spec.env.SECRET, others.length], [pid, "s3cret", 0]);
      const { container } = survivor as Survivor;
      const attached = container.attach();
      attached.stdin.write("a line\n");
      for await (const chunk of attached.stdout) if (String(chunk).includes("got a line")) break;
      assert.equal(
        (await container.exec(["sh", "-c", 'echo "$SECRET"; id -u'], { timeoutMs: 10_000 })).output,
        "s3cret\n1001\n",
      );
      container.kill("SIGTERM");
      assert.deepEqual(await container.exited, { code: 9, oomKilled: false });
      await container.remove();
      assert.deepEqual(await log("lasting"), ["before", "while", "got a line"]);
      assert.deepEqual(
        (await readdir(sandbox)).filter((entry) => !entry.startsWith(".")),
        [],
      );
    });

    it("whose end is known, also when nobody was there, and also after another crash", async () => {
      await startAndCrash(await specOf("ended", "echo last; exit 5"), await specOf("fine", "exit 0"));
      for (const again of [make({ directory: sandbox }), runtime]) {
        const survivors = await again.recover();
        const exits = survivors.map(async ({ spec, container }) => [spec.id, (await container.exited).code]);
        const codes = Object.fromEntries(await Promise.all(exits));
        assert.deepEqual(codes, { ended: 5, fine: 0 });
      }
      assert.deepEqual(await log("ended"), ["last"]);
    });

    it("but not those that were to end with it, and none that is damaged", async () => {
      const specs = [await specOf("tied", "sleep 1000", { detached: false }), await specOf("damaged", "sleep 1000")];
      const pids = await startAndCrash(...specs);
      await writeFile(join(sandbox, "damaged", "spec.json"), '{"id":"dam');
      assert.deepEqual(await runtime.recover(), []);
      for (const pid of pids) assert.equal(await isRunning(pid), false);
      assert.deepEqual(await readdir(sandbox), []);
    });

    it("but not when nobody knows any more how they would end", async () => {
      const [pid = 0] = await startAndCrash(await specOf("orphan", "sleep 1000"));
      await (await findSupervisor(join(sandbox, ".supervisor")))?.quit();
      assert.deepEqual(await runtime.recover(), []);
      assert.equal(await isRunning(pid), false);
    });

    it("and takes no other process for one of them", async () => {
      await startAndCrash(await specOf("gone", "sleep 1000"));
      const other = spawn("sleep", ["1000"]);
      await (await findSupervisor(join(sandbox, ".supervisor")))?.quit();
      await writeFile(join(sandbox, "gone", "pid"), String(other.pid));
      assert.deepEqual(await runtime.recover(), []);
      assert.equal(await isRunning(other.pid ?? 0), true);
      other.kill("SIGKILL");
    });
  });

/** False for processes that are gone, and for those that only wait to be collected by their parent. */
async function isRunning(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return status !== "" && !/\) Z /.test(status);
}

async function commandsWith(text: string): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry));
  const commands = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  return commands.filter((command) => command.includes(text));
}
