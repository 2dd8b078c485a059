/** A backup of a running platform, restored after its objects changed. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { must, type Program, reserve, type Sandbox, slipway, startProgram } from "../harness/program.ts";
import { has } from "../harness/tools.ts";

describe("backup and restore", has("kubectl") ? {} : { skip: "kubectl is not installed" }, () => {
  let sandbox: Sandbox;
  let program: Program | undefined;

  before(async () => {
    sandbox = await reserve();
    program = await startProgram(sandbox);
  });

  after(async () => {
    await program?.stop();
    await sandbox.remove();
  });

  test("objects are those of the moment of the backup", async () => {
    const kubeconfig = join(sandbox.data, "test.kubeconfig");
    await writeFile(kubeconfig, (await slipway(sandbox, "kubeconfig")).stdout);
    const kubectl = (...args: string[]): Promise<string> => must("kubectl", ["--kubeconfig", kubeconfig, ...args]);
    const file = join(sandbox.data, "objects.backup");
    const maps = (): Promise<string> => kubectl("get", "configmaps", "-l", "test=backup", "-o", "name");

    await kubectl("create", "configmap", "kept");
    await kubectl("label", "configmap", "kept", "test=backup");
    const { code, stdout, stderr } = await slipway(sandbox, "backup", file);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /objects\.backup written/);
    await kubectl("create", "configmap", "later");
    await kubectl("label", "configmap", "later", "test=backup");
    await kubectl("delete", "configmap", "kept");
    assert.equal((await maps()).trim(), "configmap/later");

    const refused = await slipway(sandbox, "restore", file);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /the platform runs \(pid \d+\)\nStop it first with: slipway down/);
    await program?.stop();
    const nothing = await slipway(sandbox, "restore", kubeconfig);
    assert.equal(nothing.code, 1);
    assert.match(nothing.stderr, /cannot restore .*test\.kubeconfig/);
    const restored = await slipway(sandbox, "restore", file, "-o", "json");
    assert.equal(restored.code, 0, restored.stderr);
    assert.ok(JSON.parse(restored.stdout).objects > 10);

    program = await startProgram(sandbox);
    assert.equal((await maps()).trim(), "configmap/kept");
  });
});
