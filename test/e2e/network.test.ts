/** What an application in a pod reaches by name: itself through the gateway, the API, the platform. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { leftovers } from "../harness/leftovers.ts";
import { must, type Program, reserve, type Sandbox, slipway, startProgram } from "../harness/program.ts";
import { has } from "../harness/tools.ts";

const missing = ["kubectl", "nft"].filter((tool) => !has(tool));
const skip = missing.length > 0 && `not installed: ${missing.join(", ")}`;

describe("names in a pod", { skip }, () => {
  let sandbox: Sandbox;
  let program: Program;
  let pod: string;
  const kubectl = (...args: string[]) =>
    must("kubectl", ["--kubeconfig", join(sandbox.data, "test.kubeconfig"), ...args]);
  const inPod = async (code: string) => (await kubectl("exec", pod, "--", "node", "-e", code)).trim();
  const status = (url: string) =>
    inPod(`fetch(${JSON.stringify(url)}).then((a) => console.log(a.status), (e) => console.log(e.cause?.code))`);

  before(async () => {
    sandbox = await reserve();
    program = await startProgram(sandbox, { demo: true });
    await writeFile(join(sandbox.data, "test.kubeconfig"), (await slipway(sandbox, "kubeconfig")).stdout);
    pod = (await kubectl("get", "pods", "-o", "name")).trim().split("\n")[0] ?? "";
  });
  after(async () => {
    await program?.stop();
    assert.deepEqual(await leftovers(sandbox.data), []);
    await sandbox?.remove();
  });

  test("a Knative Service is reached through the gateway", async () => {
    assert.equal(await kubectl("get", "service", "hello-web", "-o", "jsonpath={.spec.type}"), "ExternalName");
    assert.equal(await status("http://hello-web.default.svc.cluster.local/"), "200");
    assert.equal(await status("http://hello-web.default/"), "200");
  });

  test("the front door is a Service, and what does not exist is refused at once", async () => {
    assert.equal(await status("http://front-door.slipway-system/healthz"), "200");
    assert.equal(await status("http://front-door.slipway-system:81/"), "ECONNREFUSED");
    assert.equal(await status("http://no-such-service/"), "ENOTFOUND");
  });

  test("the API is where the variables say", async () => {
    const code = `const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env;
      require("https").get({ host, port, path: "/version", rejectUnauthorized: false }, (a) => { console.log(a.statusCode); a.resume(); })`;
    assert.equal(await inPod(code), "200");
  });
});
