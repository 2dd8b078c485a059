import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { describe, test } from "node:test";
import { childTools, type HostTools } from "./host-tools.ts";
import { createToolLauncher } from "./launcher.ts";

const noPerl = spawnSync("perl", ["-e", "1"]).status === 0 ? false : "perl is not installed";

const ways: [string, () => HostTools & { close?(): void }, string | false][] = [
  ["children of this program", () => childTools, false],
  ["a launcher", createToolLauncher, noPerl],
];

for (const [name, make, skip] of ways)
  describe(`host tools as ${name}`, { skip }, () => {
    test("have arguments, input and a directory, and say what they say", async () => {
      const tools = make();
      const script = 'cat; pwd; printf %s "$1"; echo "tür\n" >&2; exit 3';
      const result = await tools.run("sh", ["-c", script, "sh", "a b%\n"], { input: "ä\n", cwd: "/usr" });
      assert.deepEqual(result, { code: 3, stdout: "ä\n/usr\na b%\n", stderr: "tür\n\n" });
      await assert.rejects(tools.require("sh", ["-c", "echo no >&2; exit 1"]), /failed with code 1: no$/);
      assert.equal((await tools.run("sh", ["-c", "kill -9 $$"])).code, 137);
      tools.close?.();
    });

    test("that are not there, or not in such a place, cannot be started", async () => {
      const tools = make();
      await assert.rejects(tools.run("/no/such/tool", []));
      await assert.rejects(tools.run("true", [], { cwd: "/no/such/place" }));
      assert.equal(await tools.require("echo", ["still here"]), "still here\n");
      tools.close?.();
    });

    test("run at the same time, and take and give much", async () => {
      const tools = make();
      const input = "x".repeat(100_000);
      const slow = tools.require("sh", ["-c", "read line; echo $line"], { input: "slow\n" });
      const many = await Promise.all(Array.from({ length: 40 }, (_, index) => tools.require("echo", [String(index)])));
      assert.deepEqual(
        many,
        many.map((_, index) => `${index}\n`),
      );
      assert.equal(await slow, "slow\n");
      assert.equal(await tools.require("cat", [], { input }), input);
      assert.equal((await tools.require("head", ["-c", "300000", "/dev/zero"])).length, 300_000);
      tools.close?.();
    });
  });

test("a launcher that was ended by others is replaced", { skip: noPerl }, async () => {
  const tools = createToolLauncher();
  const parent = Number(await tools.require("sh", ["-c", "echo $PPID"]));
  const cut = tools.run("sleep", ["60"], { cwd: tmpdir() });
  process.kill(parent, "SIGKILL");
  await assert.rejects(cut, /was ended by somebody/);
  assert.equal(await tools.require("echo", ["again"]), "again\n");
  tools.close();
});
