/** What a newcomer sees, with the real program and the real git, curl and kubectl. The steps build on one another. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Answer, get } from "../harness/http.ts";
import { leftovers } from "../harness/leftovers.ts";
import { must, type Program, reserve, run, type Sandbox, slipway, startProgram } from "../harness/program.ts";
import { has } from "../harness/tools.ts";
import { eventually } from "../harness/wait.ts";

const needs = (...tools: string[]) => {
  const missing = tools.filter((tool) => !has(tool));
  return missing.length > 0 ? { skip: `${missing.join(" and ")} not installed` } : {};
};

describe("source to URL", needs("git"), () => {
  let sandbox: Sandbox;
  let program: Program;
  let work: string;
  let url: string;
  const kubectl = (...args: string[]) => must("kubectl", ["--kubeconfig", join(work, "kubeconfig"), ...args]);

  before(async () => {
    sandbox = await reserve();
    work = await mkdtemp(join(tmpdir(), "newcomer-"));
    program = await startProgram(sandbox, { demo: true });
    url = program.readyLine.replace("READY ", "");
  });

  after(async () => {
    await program?.stop();
    const left = await leftovers(sandbox.data);
    await sandbox?.remove();
    await rm(work, { recursive: true, force: true });
    assert.deepEqual(left, []);
  });

  test("ends with READY and the URL, which answers", async () => {
    assert.equal(program.readyLine, `READY http://hello-web.default.apps.localhost:${sandbox.portBase + 80}`);
    const { status, body } = await get(url);
    assert.equal(status, 200);
    assert.match(body, /^Hello from Slipway/);
  });

  test("curl resolves the URL by itself", needs("curl"), async () => {
    assert.match(await must("curl", ["-sS", "--fail", url]), /^Hello from Slipway/);
  });

  test("a push changes the answer without a failed request, and is traced", async () => {
    const clone = join(work, "hello-web");
    await must("git", ["clone", "-q", `http://127.0.0.1:${sandbox.portBase}/git/hello-web.git`, clone]);
    const source = await readFile(join(clone, "server.js"), "utf8");
    await writeFile(join(clone, "server.js"), source.replace("Hello from Slipway", "Hello again"));
    const author = ["-c", "user.name=Newcomer", "-c", "user.email=newcomer@example.com"];
    await must("git", [...author, "commit", "-qam", "Another greeting"], { cwd: clone });
    const failed: Answer[] = [];
    let polling = true;
    const load = (async () => {
      while (polling) {
        const answer = await get(url).catch((error: Error) => ({ status: 0, body: error.message }));
        if (answer.status !== 200) failed.push(answer);
      }
    })();
    await must("git", ["push", "-q"], { cwd: clone });
    await eventually("the new greeting", async () => (await get(url)).body.startsWith("Hello again"));
    polling = false;
    await load;
    assert.deepEqual(failed, []);

    const commit = (await must("git", ["rev-parse", "HEAD"], { cwd: clone })).trim();
    const traced = await eventually("the trace to reach live", async () => {
      const { stdout } = await slipway(sandbox, "trace", commit, "-o", "json");
      const [trace] = JSON.parse(stdout) as { steps: { step: string; at?: string }[] }[];
      return trace?.steps.at(-1)?.step === "live" && trace.steps.at(-1)?.at ? trace : undefined;
    });
    assert.deepEqual(
      traced.steps.map(({ step }) => step),
      ["commit", "image", "config", "revision", "live"],
    );
    const times = traced.steps.map(({ at }) => Date.parse(at ?? ""));
    assert.ok(
      times.every((time) => !Number.isNaN(time)),
      JSON.stringify(traced),
    );
    assert.match((await slipway(sandbox, "trace", commit)).stdout, /STEP +WHAT +AT +AFTER/);
  });

  test("kubectl shows and changes what there is", needs("kubectl"), async () => {
    await writeFile(join(work, "kubeconfig"), (await slipway(sandbox, "kubeconfig")).stdout);
    const all = await kubectl(
      "get",
      "workloads,gitrepositories,images.kpack.io,podintents,applications,ksvc,revisions,pods",
      "-A",
    );
    for (const part of [
      "workload.carto.run/hello-web",
      "gitrepository.source.toolkit.fluxcd.io/hello-web",
      "image.kpack.io/hello-web",
      "podintent.conventions.carto.run/hello-web",
      "application.argoproj.io/hello-web",
      "service.serving.knative.dev/hello-web",
      "revision.serving.knative.dev/hello-web-0000",
    ])
      assert.ok(all.includes(part), `${part} is missing in:\n${all}`);
    assert.match(await kubectl("get", "podintent"), /NAME +READY +REASON +AGE\nhello-web +True/);
    assert.match(await kubectl("get", "clusterpodconvention"), /nodejs/);
    assert.match(await kubectl("describe", "workload", "hello-web"), /Supply Chain Ref:/);
    const map = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "mine" }, data: { a: "1" } };
    await must("kubectl", ["--kubeconfig", join(work, "kubeconfig"), "apply", "-f", "-"], {
      input: JSON.stringify(map),
    });
    assert.equal(await kubectl("get", "configmap", "mine", "-o", "jsonpath={.data.a}"), "1");
    await kubectl("delete", "configmap", "mine");
  });

  test("kubectl get -w and logs -f follow", needs("kubectl"), async () => {
    const config = ["--kubeconfig", join(work, "kubeconfig")];
    const watched = follow("kubectl", [...config, "get", "configmaps", "-w", "--output-watch-events"]);
    const map = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "watched" } };
    await eventually("the watch to begin", async () => watched.output().includes("kube-root-ca.crt"));
    await must("kubectl", [...config, "apply", "-f", "-"], { input: JSON.stringify(map) });
    await eventually("the watch to show it", async () => /ADDED +watched/.test(watched.output()));
    await kubectl("delete", "configmap", "watched");
    await eventually("the watch to show the end", async () => /DELETED +watched/.test(watched.output()));
    await watched.end();

    await get(url);
    const pod = await eventually(
      "a running pod",
      async () =>
        (await kubectl(
          "get",
          "pods",
          "-l",
          "carto.run/workload-name=hello-web",
          "--field-selector=status.phase=Running",
          "-o",
          "jsonpath={.items[0].metadata.name}",
        )) || undefined,
    );
    const logs = follow("kubectl", [...config, "logs", "-f", pod]);
    await eventually("the log", async () => logs.output().includes("listening on"));
    await logs.end();
  });

  test("an idle application has no pod, and the next request starts one", needs("kubectl"), async () => {
    const annotations = { "autoscaling.knative.dev/window": "6s" };
    await apply(
      work,
      workload(sandbox, "idle", "hello-web", { params: [{ name: "annotations", value: annotations }] }),
    );
    const idle = url.replace("hello-web", "idle");
    await eventually("the first answer", async () => (await get(idle)).status === 200);
    const pods = () => kubectl("get", "pods", "-l", "carto.run/workload-name=idle", "-o", "name");
    await eventually("no pod", async () => (await pods()).trim() === "");
    const answer = await get(idle);
    assert.equal(answer.status, 200, answer.body);
    assert.notEqual((await pods()).trim(), "");
  });

  test("what fails says why in one line", needs("kubectl"), async () => {
    await seed(sandbox, work, "broken-build", {
      "package.json": '{"name":"b","scripts":{"start":"node s.js"},"dependencies":{"ms":"2.1.3"}}',
      "s.js": "",
    });
    await seed(sandbox, work, "crash", {
      "package.json": '{"name":"c","scripts":{"start":"node s.js"}}',
      "s.js": 'throw new Error("no database here");',
    });
    await apply(work, workload(sandbox, "no-branch", "hello-web", {}, "nope"));
    await apply(work, workload(sandbox, "broken-build", "broken-build"));
    await apply(work, workload(sandbox, "crash", "crash"));
    for (const [name, said] of [
      ["no-branch", /nope/],
      ["broken-build", /package-lock\.json/],
      ["crash", /no database here/],
    ] as const) {
      const message = await eventually(`${name} to say why`, async () => {
        const text = await kubectl(
          "get",
          "workload",
          name,
          "-o",
          'jsonpath={.status.conditions[?(@.type=="Ready")].message}',
        );
        return said.test(text) ? text : undefined;
      });
      assert.equal(message.trim().split("\n").length, 1, message);
      assert.match(await kubectl("get", "workload", name), said);
      assert.match((await slipway(sandbox, "workload", "get", name)).stdout, said);
      const why = (await slipway(sandbox, "why", `workload/${name}`)).stdout.split("\n")[0] ?? "";
      assert.match(why, said);
    }
    for (const name of ["no-branch", "broken-build", "crash"])
      await must("kubectl", ["--kubeconfig", join(work, "kubeconfig"), "delete", "workload", name]);
  });

  test("after kill -9 everything is there, and no build is run twice", needs("kubectl"), async () => {
    const builds = await kubectl(
      "get",
      "builds.kpack.io",
      "-o",
      "jsonpath={.items[*].metadata.name} {.items[*].status.finishedAt}",
    );
    await program.crash();
    program = await startProgram(sandbox, { demo: true });
    const { status, body } = await get(url);
    assert.equal(status, 200);
    assert.match(body, /^Hello again/);
    assert.notDeepEqual(await leftovers(sandbox.data), [], "a running pod is seen by the check at the end");
    assert.equal(
      await kubectl("get", "builds.kpack.io", "-o", "jsonpath={.items[*].metadata.name} {.items[*].status.finishedAt}"),
      builds,
    );
  });
});

function workload(sandbox: Sandbox, name: string, repository: string, spec: object = {}, branch = "main"): object {
  const url = `http://127.0.0.1:${sandbox.portBase}/git/${repository}.git`;
  return {
    apiVersion: "carto.run/v1alpha1",
    kind: "Workload",
    metadata: { name, labels: { "apps.tanzu.vmware.com/workload-type": "web" } },
    spec: { source: { git: { url, ref: { branch } } }, ...spec },
  };
}

async function apply(work: string, object: object): Promise<void> {
  await must("kubectl", ["--kubeconfig", join(work, "kubeconfig"), "apply", "-f", "-"], {
    input: JSON.stringify(object),
  });
}

/** Makes a repository by pushing to it with a token. */
async function seed(sandbox: Sandbox, work: string, name: string, files: Record<string, string>): Promise<void> {
  const folder = join(work, name);
  await must("git", ["init", "-q", "-b", "main", folder]);
  for (const [path, text] of Object.entries(files)) await writeFile(join(folder, path), text);
  const git = (...args: string[]) =>
    must("git", ["-c", "user.name=N", "-c", "user.email=n@example.com", ...args], { cwd: folder });
  await git("add", "-A");
  await git("commit", "-qm", "First");
  const token = (await slipway(sandbox, "token")).stdout.trim();
  const denied = await run("git", ["push", "-q", `http://127.0.0.1:${sandbox.portBase}/git/${name}.git`, "main"], {
    cwd: folder,
    env: { GIT_TERMINAL_PROMPT: "0" },
  });
  assert.notEqual(denied.code, 0, "a push without a token must be refused");
  await git("push", "-q", `http://slipway:${token}@127.0.0.1:${sandbox.portBase}/git/${name}.git`, "main");
}

function follow(command: string, args: readonly string[]) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk) => {
      output += chunk;
    });
  return {
    output: () => output,
    end: async () => {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
    },
  };
}
