/** kill -9 at any moment of the first start, again and again; the next start finishes what was begun. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { get } from "../harness/http.ts";
import { leftovers } from "../harness/leftovers.ts";
import { crashAfter, must, reserve, type Sandbox, slipway, startProgram } from "../harness/program.ts";
import { has } from "../harness/tools.ts";

/** Moments in the life of a first start: control plane, build, deployment. */
const MOMENTS_MS = [200, 450, 700, 1000, 1400, 1800, 2300, 2900, 3600, 4500];

describe("kill -9 at any moment", has("kubectl") ? {} : { skip: "kubectl is not installed" }, () => {
  let sandbox: Sandbox;

  before(async () => {
    sandbox = await reserve();
  });

  after(() => sandbox.remove());

  test("the next start brings the URL, with one finished build and nothing left behind", async () => {
    for (const moment of MOMENTS_MS) await crashAfter(sandbox, moment, { demo: true });
    const program = await startProgram(sandbox, { demo: true });
    try {
      const { status, body } = await get(program.readyLine.replace("READY ", ""));
      assert.equal(status, 200);
      assert.match(body, /^Hello from Slipway/);
      const kubeconfig = join(sandbox.data, "test.kubeconfig");
      await writeFile(kubeconfig, (await slipway(sandbox, "kubeconfig")).stdout);
      const names = (kind: string): Promise<string> =>
        must("kubectl", ["--kubeconfig", kubeconfig, "get", kind, "-o", "name"]);
      assert.equal((await names("builds.kpack.io")).trim(), "build.kpack.io/hello-web-build-1");
      assert.equal(
        (await names("revisions.serving.knative.dev")).trim(),
        "revision.serving.knative.dev/hello-web-00001",
      );
    } finally {
      await program.stop();
    }
    assert.deepEqual(await leftovers(sandbox.data), []);
  });
});
