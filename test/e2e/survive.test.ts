/** Containers go on when the program is killed, and are found again by the next one. */
import assert from "node:assert/strict";
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Pod } from "#api/builtin/types.gen.ts";
import { get } from "../harness/http.ts";
import { leftovers } from "../harness/leftovers.ts";
import { hearPod } from "../harness/pods.ts";
import { must, type Program, reserve, type Sandbox, slipway, startProgram } from "../harness/program.ts";
import { has } from "../harness/tools.ts";
import { eventually } from "../harness/wait.ts";

const missing = ["kubectl", "perl"].filter((tool) => !has(tool));

/** Says who it is, and counts aloud. */
const COUNTER = `
  let count = 0;
  setInterval(() => console.log("tick " + ++count), 20);
  require("http").createServer((_, answer) => answer.end(process.hrtime.bigint() + " " + count)).listen(process.env.PORT);
  process.on("SIGTERM", () => process.exit(0));`;
/** Ends when it is told to, by a file that the program need not be there for. */
const ERRAND = `
  // errand of ${process.pid}
  const fs = require("fs");
  console.log("begun");
  setInterval(() => fs.existsSync("/orders/go") && (console.log("done"), process.exit(0)), 20);`;

describe("containers outlive the program", { skip: missing.length > 0 && `not installed: ${missing}` }, () => {
  let sandbox: Sandbox;
  let program: Program;
  let url: string;
  let orders: string;

  const kubectl = (...args: string[]): Promise<string> =>
    must("kubectl", ["--kubeconfig", join(sandbox.data, "test.kubeconfig"), ...args]);
  const podOf = async (selector: string): Promise<Pod> => {
    const { items } = JSON.parse(await kubectl("get", "pods", "-l", selector, "-o", "json")) as { items: Pod[] };
    assert.equal(items.length, 1, `pods with ${selector}`);
    return items[0] as Pod;
  };
  const apply = (...items: object[]): Promise<string> =>
    must("kubectl", ["--kubeconfig", join(sandbox.data, "test.kubeconfig"), "apply", "-f", "-"], {
      input: JSON.stringify({ apiVersion: "v1", kind: "List", items }),
    });
  const hear = ({ metadata, status }: Pod): Promise<string> => {
    const ports = JSON.parse(metadata.annotations?.["slipway.dev/ports"] ?? '{"8080":8080}');
    return hearPod(sandbox.data, { ip: status?.podIP ?? "", port: ports[8080] });
  };

  before(async () => {
    sandbox = await reserve();
    orders = await mkdtemp(join(tmpdir(), "slipway-orders-"));
    await chmod(orders, 0o755);
    program = await startProgram(sandbox, { demo: true });
    url = program.readyLine.replace("READY ", "");
    await writeFile(join(sandbox.data, "test.kubeconfig"), (await slipway(sandbox, "kubeconfig")).stdout);
    const image = (await podOf("carto.run/workload-name=hello-web")).spec.containers[0]?.image ?? "";
    await apply(...objects(image, orders));
    await kubectl("wait", "--for=condition=Ready", "pod/counter", "--timeout=60s");
    await eventually("the job to begin", async () => (await kubectl("logs", "job/errand")).includes("begun"));
  });

  after(async () => {
    await program?.stop();
    await slipway(sandbox, "down");
    const left = await leftovers(sandbox.data);
    await Promise.all([sandbox.remove(), rm(orders, { recursive: true, force: true })]);
    assert.deepEqual(left, []);
  });

  test("pods go on, and nobody notices that the program was away", async () => {
    const [before, demo] = [await podOf("app=counter"), await podOf("carto.run/workload-name=hello-web")];
    await program.crash();
    await hear(before);
    await writeFile(join(orders, "go"), "");
    await eventually("the job to end", async () => !(await runs(`// errand of ${process.pid}`)));
    program = await startProgram(sandbox, { demo: true });
    const now = await podOf("app=counter");
    assert.deepEqual(now.status?.containerStatuses, before.status?.containerStatuses);
    assert.deepEqual(now.status?.conditions, before.status?.conditions);
    assert.equal(now.status?.podIP, before.status?.podIP);
    await hear(now);
    assert.equal((await get(url)).status, 200);
    assert.equal((await podOf("carto.run/workload-name=hello-web")).metadata.uid, demo.metadata.uid);
  });

  test("logs have every line", async () => {
    const lines = (await kubectl("logs", "counter")).trim().split("\n");
    assert.deepEqual(
      lines,
      lines.map((_, index) => `tick ${index + 1}`),
    );
    assert.match(await kubectl("exec", "counter", "--", "cat", "/memory/note"), /^kept$/m);
  });

  test("a job that ended meanwhile is complete, and has not run again", async () => {
    await kubectl("wait", "--for=condition=complete", "job/errand", "--timeout=60s");
    const pod = await podOf("job-name=errand");
    assert.equal(pod.status?.containerStatuses?.[0]?.restartCount, 0);
    assert.equal(await kubectl("logs", "job/errand"), "begun\ndone\n");
  });

  test("a pod that was being deleted is gone", async () => {
    await kubectl("delete", "pod", "stubborn", "--grace-period=8", "--wait=false");
    await program.crash();
    program = await startProgram(sandbox, { demo: true });
    await eventually("it to be gone", async () => !(await kubectl("get", "pods", "-o", "name")).includes("stubborn"));
  });

  test("`down` ends what a killed program has left", async () => {
    const before = await podOf("app=counter");
    await program.crash();
    await hear(before);
    assert.match((await slipway(sandbox, "down")).stdout, /^stopped \d+ containers? that a killed platform had left/);
    assert.deepEqual(await leftovers(sandbox.data), []);
    assert.match((await slipway(sandbox, "down")).stdout, /does not run/);
  });
});

function objects(image: string, folder: string): object[] {
  const node = (script: string, ...args: string[]) => ({ name: "c", image, command: ["node", "-e", script, ...args] });
  const counter = {
    ...node(`require("fs").writeFileSync("/memory/note", "kept\\n");${COUNTER}`),
    env: [{ name: "PORT", value: "8080" }],
    ports: [{ containerPort: 8080 }],
    readinessProbe: { httpGet: { port: 8080 }, periodSeconds: 1 },
    volumeMounts: [{ name: "memory", mountPath: "/memory" }],
  };
  const errand = {
    ...node(ERRAND),
    volumeMounts: [{ name: "orders", mountPath: "/orders", readOnly: true }],
  };
  const stubborn = node('process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)');
  const orders = { name: "orders", hostPath: { path: folder } };
  return [
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "counter", namespace: "default", labels: { app: "counter" } },
      spec: { containers: [counter], volumes: [{ name: "memory", emptyDir: { medium: "Memory" } }] },
    },
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "stubborn", namespace: "default" },
      spec: { containers: [stubborn] },
    },
    {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: "errand", namespace: "default" },
      spec: {
        backoffLimit: 0,
        template: { spec: { restartPolicy: "Never", containers: [errand], volumes: [orders] } },
      },
    },
  ];
}

/** Whether a process of this machine has the text on its command line. */
async function runs(text: string): Promise<boolean> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const commands = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  return commands.some((command) => command.includes(text));
}
