/** The command line for workloads and supply chains, with the real program. */
import assert from "node:assert/strict";
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseYaml } from "#kit/yaml.ts";
import { get } from "../harness/http.ts";
import { type CommandResult, type Program, reserve, type Sandbox, slipway, startProgram } from "../harness/program.ts";
import { eventually } from "../harness/wait.ts";

const EXAMPLE = fileURLToPath(new URL("../../examples/hello-web", import.meta.url));

describe("command line", () => {
  let sandbox: Sandbox;
  let program: Program;
  let source: string;

  /** Runs a command that must end with this code; returns what it printed. */
  const run = async (args: readonly string[], code = 0): Promise<CommandResult> => {
    const result = await slipway(sandbox, ...args);
    assert.equal(result.code, code, `slipway ${args.join(" ")}:\n${result.stdout}${result.stderr}`);
    return result;
  };
  const json = async <T>(...args: string[]): Promise<T> => JSON.parse((await run([...args, "-o", "json"])).stdout) as T;
  const page = async (name: string): Promise<string> =>
    (await get(program.readyLine.replace("READY ", "").replace("hello-web", name))).body;
  const edit = async (text: string): Promise<void> => {
    const file = join(source, "server.js");
    await writeFile(file, (await readFile(file, "utf8")).replace(/"[^"]* from Slipway"/, `"${text} from Slipway"`));
  };

  before(async () => {
    sandbox = await reserve();
    source = join(sandbox.data, "app");
    program = await startProgram(sandbox, { demo: true });
    await cp(EXAMPLE, source, { recursive: true });
  });
  after(async () => {
    await program?.stop();
    await sandbox?.remove();
  });

  test("a directory becomes an application without Git; waiting ends when the new version answers", async () => {
    await run(["workload", "create", "local", "--local-path", source, "--wait"]);
    assert.match(await page("local"), /^Hello from Slipway/);
    await edit("Changed");
    const { stdout } = await run(["workload", "apply", "local", "--local-path", source, "--wait"]);
    assert.match(stdout, /^ +\d+ +- \|.*source\/default\/local:latest@sha256:/m, "the difference is shown");
    assert.match(await page("local"), /^Changed from Slipway/);
    assert.match((await run(["workload", "apply", "local", "--local-path", source])).stdout, /is unchanged/);
    assert.match((await run(["workload", "create", "local"], 1)).stderr, /already exists/);
    assert.match((await run(["workload", "update", "none"], 3)).stderr, /not found/);
  });

  test("rollback pins the last state that was live", async () => {
    const { stdout } = await run(["workload", "rollback", "local", "--wait"]);
    assert.match(stdout, /goes back to source .*source\/default\/local:latest@sha256:/);
    assert.match(await page("local"), /^Hello from Slipway/);
    await run(["workload", "rollback", "local", "--to", "nothing"], 3);
  });

  test("a failing version is said, and what ran goes on", async () => {
    await writeFile(join(source, "server.js"), "this is no program\n");
    const { stderr } = await run(["workload", "apply", "local", "--local-path", source, "--wait"], 1);
    assert.match(stderr, /workload "local" failed: .*SyntaxError/);
    assert.match(await page("local"), /^Hello from Slipway/);
    assert.match((await run(["workload", "get", "local"])).stdout, /Messages\n {3}Workload \[/);
    await run(["workload", "rollback", "local", "--wait"]);
  });

  test("get shows every section, and exports what can be applied again", async () => {
    const { stdout } = await run(["workload", "get", "hello-web"]);
    for (const title of ["Overview", "Source", "Supply Chain", "Delivery", "Messages", "Pods", "Knative Services"])
      assert.match(stdout, new RegExp(`^${title}$`, "m"));
    const exported = (await run(["workload", "get", "hello-web", "--export"])).stdout;
    const [workload] = parseYaml(exported) as [Record<string, unknown>];
    assert.deepEqual(Object.keys(workload), ["apiVersion", "kind", "metadata", "spec"]);
    const file = join(sandbox.data, "exported.yaml");
    await writeFile(file, exported);
    assert.match((await run(["workload", "apply", "-f", file])).stdout, /is unchanged/);
    assert.match((await run(["workload", "list", "-A"])).stdout, /^NAMESPACE +NAME +TYPE +APP +READY +AGE\n/);
  });

  test("what if: the chain, the parameters, each object that would change; nothing does", async () => {
    type WhatIf = { chain: string; steps: { name: string; unknown: string[]; placement?: { change: string } }[] };
    const flags = ["workload", "apply", "hello-web", "--env", "A=1", "--dry-run=server"];
    const { chain, steps } = await json<WhatIf>(...flags);
    assert.equal(chain, "source-to-url");
    assert.deepEqual(
      steps.map(({ name, placement, unknown }) => [name, placement?.change, unknown.length]),
      [
        ["source-provider", "none", 0],
        ["image-provider", "none", 0],
        ["config-provider", "update", 0],
        ["app-config", "update", 1],
        ["config-writer", undefined, 2],
        ["deliverable", "none", 0],
      ],
    );
    const { spec } = await json<{ spec: object }>("workload", "get", "hello-web");
    assert.ok(!("env" in spec));
    const { stdout } = await run(["workload", "apply", "x", "--type", "unheard-of", "--dry-run=server"], 1);
    assert.match(stdout, /wants label apps\.tanzu\.vmware\.com\/workload-type is one of .*; it is unheard-of/);
    assert.match(stdout, /Nothing was changed/);
  });

  test("pause, resume and rerun", async () => {
    type Conditions = { status: { conditions: { type: string; reason: string }[] } };
    const reason = async (): Promise<string | undefined> =>
      (await json<Conditions>("workload", "get", "hello-web")).status.conditions.find(({ type }) => type === "Ready")
        ?.reason;
    await run(["workload", "pause", "hello-web"]);
    await eventually("the workload to say that it is paused", async () => (await reason()) === "Paused");
    await run(["workload", "resume", "hello-web"]);
    await eventually("the workload to be ready again", async () => (await reason()) === "Ready");
    assert.match((await run(["workload", "rerun", "hello-web"], 2)).stderr, /every step is ready/);
    const builds = async (): Promise<number> => (await json<unknown[]>("trace", "hello-web")).length;
    const before = await builds();
    await run(["workload", "rerun", "hello-web", "image-provider"]);
    await eventually("a second build", async () => (await builds()) > before);
  });

  test("supply chains: list, get, lint, render", async () => {
    assert.match((await run(["csc", "list"])).stdout, /^source-to-url +Ready/m);
    assert.match((await run(["csc", "get", "source-to-url"])).stdout, /Supply Chain Selectors/);
    await run(["csc", "get", "none"], 3);
    const file = join(sandbox.data, "chain.yaml");
    await writeFile(
      file,
      "apiVersion: carto.run/v1alpha1\nkind: ClusterSupplyChain\nmetadata: {name: mine}\nspec:\n  selector: {type: mine}\n  resources:\n  - name: a\n    templateRef: {kind: ClusterSourceTemplate, name: nowhere}\n",
    );
    const { stdout } = await run(["supply-chain", "lint", file], 1);
    assert.match(
      stdout,
      /chain\.yaml:8: error: ClusterSupplyChain\/mine: there is no ClusterSourceTemplate named nowhere/,
    );
    const workload = join(sandbox.data, "exported.yaml");
    assert.match((await run(["supply-chain", "render", "-w", workload])).stdout, /kind: GitRepository/);
  });

  test("delete waits until everything is gone", async () => {
    await run(["workload", "delete", "local", "--wait"]);
    await run(["workload", "get", "local"], 3);
    await run(["workload", "delete", "local"], 3);
    await run(["workload", "delete"], 2);
  });
});
