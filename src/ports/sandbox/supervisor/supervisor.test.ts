// Processes that outlive their program: exit codes and output are there for whoever asks next.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { connectSupervisor, readPipe, type Supervisor } from "./supervisor.ts";

const hasPerl = spawnSync("perl", ["-v"]).status === 0;

describe("supervisor", { skip: hasPerl ? false : "perl is not on PATH" }, () => {
  let folder = "";
  let supervisor: Supervisor;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "slipway-supervisor-"));
    supervisor = await connectSupervisor(join(folder, "s"));
  });
  after(async () => {
    await supervisor.quit();
    await rm(folder, { recursive: true, force: true });
  });

  const shell = (key: string, script: string, pipes: { stdin?: string } = {}) =>
    supervisor.start({
      key,
      command: ["/bin/sh", "-c", script],
      cwd: folder,
      stdout: join(folder, `${key}.out`),
      stderr: join(folder, `${key}.err`),
      ...pipes,
    });

  test("tells how a process ended", async () => {
    assert.equal(await supervisor.ended(await shell("three", "exit 3")), 3);
    assert.equal(await supervisor.ended(await shell("killed", "kill -9 $$")), 137);
  });

  test("output is complete, however short the life", async () => {
    const pid = await shell("brief", "echo one; echo two >&2; printf '%s' \"$PWD\"");
    const [out, err] = [readPipe(join(folder, "brief.out")), readPipe(join(folder, "brief.err"))];
    await supervisor.ended(pid);
    supervisor.release("brief");
    assert.deepEqual([await text(out), await text(err)], [`one\n${folder}`, "two\n"]);
  });

  test("input reaches the process and ends", async () => {
    const pid = await shell("cat", "cat; exit 4", { stdin: join(folder, "cat.in") });
    const out = readPipe(join(folder, "cat.out"));
    await writeFile(join(folder, "cat.in"), "a line\n");
    supervisor.closeInput("cat");
    assert.equal(await supervisor.ended(pid), 4);
    supervisor.release("cat");
    assert.equal(await text(out), "a line\n");
  });

  test("what cannot be started says why", async () => {
    const command = ["/no/such/program"];
    await assert.rejects(supervisor.start({ key: "none", command, cwd: folder }), /No such file or directory/);
    await assert.rejects(supervisor.start({ key: "cwd", command: ["/bin/true"], cwd: "/none" }), /No such file/);
  });

  test("a process that was left behind is known as well", async () => {
    const pid = await shell("parent", "(sleep 0.05; exit 7) & echo $!");
    const out = readPipe(join(folder, "parent.out"));
    const left = await new Promise<number>((resolve) => out.once("data", (data) => resolve(Number(String(data)))));
    assert.equal(await supervisor.ended(pid), 0);
    assert.equal(await supervisor.ended(left), 7);
    supervisor.release("parent");
  });

  test("a second client finds what the first one started", async () => {
    const pid = await shell("lasting", 'read line; echo "$line"; exit 5', { stdin: join(folder, "lasting.in") });
    const early = await shell("early", "echo before; exit 6");
    supervisor.close();
    supervisor = await connectSupervisor(join(folder, "s"));
    assert.deepEqual([await supervisor.stateOf(pid), await supervisor.stateOf(process.pid)], ["running", undefined]);
    await writeFile(join(folder, "lasting.in"), "still here\n");
    assert.deepEqual([await supervisor.ended(pid), await supervisor.ended(early)], [5, 6]);
    const outputs = ["lasting", "early"].map((key) => readPipe(join(folder, `${key}.out`)));
    supervisor.release("lasting");
    supervisor.release("early");
    const kept = await readFile(join(folder, "early.out.kept"), "utf8").catch(() => "");
    assert.deepEqual(await Promise.all(outputs.map(text)), ["still here\n", kept ? "" : "before\n"]);
  });

  test("what nobody reads holds nobody up, and is kept", async () => {
    const pid = await shell("chatty", "head -c 300000 /dev/zero; exit 8");
    supervisor.close();
    await eventually(
      async () => (await stat(join(folder, "chatty.out.kept")).catch(() => undefined))?.size === 300_000,
    );
    supervisor = await connectSupervisor(join(folder, "s"));
    assert.equal(await supervisor.ended(pid), 8);
    supervisor.release("chatty");
  });

  test("tells its successor how processes ended, until that is forgotten", async () => {
    const path = join(folder, "predecessor");
    const first = await connectSupervisor(path, { idleSeconds: 0.05 });
    const pids = await Promise.all([3, 4].map((code) => start(first, `p${code}`, code)));
    first.close();
    await eventually(async () => (await stat(path).catch(() => undefined)) === undefined);
    const second = await connectSupervisor(path, { idleSeconds: 0.05 });
    assert.deepEqual(await Promise.all(pids.map((pid) => second.stateOf(pid))), [3, 4]);
    second.forget(pids[0] as number);
    assert.equal(await second.stateOf(pids[0] as number), undefined);
    await second.quit();
  });

  test("a process that is not ours has no known end", async () => {
    assert.equal(await supervisor.ended(process.pid), -1);
  });

  test("ends by itself when there is nothing to do", async () => {
    const lonely = await connectSupervisor(join(folder, "lonely"), { idleSeconds: 0.05 });
    const pid = await lonely.start({ key: "pid", command: ["/bin/sh", "-c", "exit $PPID"], cwd: "/" });
    await lonely.ended(pid);
    lonely.close();
    await eventually(async () => (await stat(join(folder, "lonely")).catch(() => undefined)) === undefined);
  });
});

function start(supervisor: Supervisor, key: string, code: number): Promise<number> {
  return supervisor.start({ key, command: ["/bin/sh", "-c", `exit ${code}`], cwd: "/" });
}

async function eventually(test: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (await test()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  assert.fail("not after ten seconds");
}
