/** The workload types web, server and worker, from source and from an image, with the real program and kubectl. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { get } from "../harness/http.ts";
import { must, type Program, reserve, type Sandbox, slipway, startProgram } from "../harness/program.ts";
import { has } from "../harness/tools.ts";
import { eventually } from "../harness/wait.ts";

describe("workload types", has("kubectl") ? {} : { skip: "kubectl is not installed" }, () => {
  let sandbox: Sandbox;
  let program: Program;
  let source: string;
  const kubectl = (...args: string[]) =>
    must("kubectl", ["--kubeconfig", join(sandbox.data, "test.kubeconfig"), ...args]);
  const apply = async (name: string, ...flags: string[]) => {
    const { code, stderr } = await slipway(sandbox, "workload", "apply", name, "--wait", ...flags);
    assert.equal(code, 0, stderr);
  };

  before(async () => {
    sandbox = await reserve();
    program = await startProgram(sandbox, { demo: true });
    source = `http://127.0.0.1:${sandbox.portBase}/git/hello-web.git`;
    await writeFile(join(sandbox.data, "test.kubeconfig"), (await slipway(sandbox, "kubeconfig")).stdout);
  });
  after(async () => {
    await program?.stop();
    await sandbox?.remove();
  });

  test("a server is a Deployment behind a Service", async () => {
    await apply("api", "--type", "server", "--git-repo", source, "--env", "GREETING=hi");
    assert.match(await kubectl("get", "deployment", "api"), /api +1\/1/);
    assert.equal(await kubectl("get", "service", "api", "-o", "jsonpath={.spec.ports[0].port}"), "8080");
    const env = await kubectl("get", "deployment", "api", "-o", "jsonpath={.spec.template.spec.containers[0].env}");
    assert.deepEqual(JSON.parse(env), [{ name: "GREETING", value: "hi" }]);
  });

  test("a worker is a Deployment that nobody calls", async () => {
    await apply("queue", "--type", "worker", "--git-repo", source);
    assert.match(await kubectl("get", "deployment", "queue"), /queue +1\/1/);
    assert.equal((await kubectl("get", "service", "--ignore-not-found", "queue")).trim(), "");
  });

  test("an image needs no source", async () => {
    const image = await kubectl("get", "images.kpack.io", "hello-web", "-o", "jsonpath={.status.latestImage}");
    await apply("prebuilt", "--image", image);
    const url = program.readyLine.replace("READY ", "").replace("hello-web", "prebuilt");
    assert.match((await get(url)).body, /^Hello from Slipway/);
  });

  test("deleting a workload removes everything that was made of it", async () => {
    assert.equal((await slipway(sandbox, "workload", "delete", "api")).code, 0);
    const kinds = "gitrepositories,images.kpack.io,podintents,configcommits,applications,deployments,services,pods";
    await eventually(
      "everything to be gone",
      async () => !(await kubectl("get", kinds, "-o", "name")).includes("/api"),
    );
  });
});
