/** RegistryOps with the real program, in a developer namespace: configuration travels as a bundle in the registry instead of a commit in Git. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { get } from "../harness/http.ts";
import { must, type Program, reserve, type Sandbox, slipway, startProgram } from "../harness/program.ts";
import { has } from "../harness/tools.ts";
import { eventually } from "../harness/wait.ts";

const missing = ["git", "kubectl"].filter((tool) => !has(tool));

type Bundle = { spec: { image: string }; status: { image: string; digest: string } };
type Application = { spec: { source: { repoURL: string } }; status: { sync: { revision: string; status: string } } };

describe("RegistryOps", missing.length > 0 ? { skip: `${missing.join(" and ")} not installed` } : {}, () => {
  let sandbox: Sandbox;
  let program: Program;
  let work: string;
  let url: string;
  let origin: string;
  const kubectl = (...args: string[]) =>
    must("kubectl", ["--kubeconfig", join(work, "kubeconfig"), "-n", "team", ...args]);
  const object = async <T>(kind: string) => JSON.parse(await kubectl("get", kind, "bundled", "-o", "json")) as T;

  before(async () => {
    sandbox = await reserve();
    work = await mkdtemp(join(tmpdir(), "registryops-"));
    program = await startProgram(sandbox, { demo: true, flags: ["--delivery", "registry"] });
    url = program.readyLine.replace("READY ", "").replace("hello-web.default", "bundled.team");
    origin = `http://127.0.0.1:${sandbox.portBase}`;
    await writeFile(join(work, "kubeconfig"), (await slipway(sandbox, "kubeconfig")).stdout);
    await kubectl("create", "namespace", "team");
    await kubectl("label", "namespace", "team", "apps.tanzu.vmware.com/tap-ns=");
    await eventually("the namespace to be provisioned", () =>
      kubectl("get", "rolebinding", "default-permit-deliverable"),
    );
  });
  after(async () => {
    await program?.stop();
    await sandbox?.remove();
    await rm(work, { recursive: true, force: true });
  });

  /** The bundle, once the Application has deployed it. */
  const delivered = (other?: string) =>
    eventually("the bundle to be deployed", async () => {
      const [bundle, application] = [
        await object<Bundle>("configbundle"),
        await object<Application>("applications.argoproj.io"),
      ];
      const { revision, status } = application.status.sync;
      const isSynced = status === "Synced" && revision === bundle.status.digest;
      return isSynced && bundle.status.digest !== other ? bundle : undefined;
    });

  test("a workload reaches its URL by a bundle", async () => {
    const source = `${origin}/git/hello-web.git`;
    const flags = ["--git-repo", source, "--wait"];
    const { code, stderr } = await slipway(sandbox, "workload", "apply", "bundled", "-n", "team", ...flags);
    assert.equal(code, 0, stderr);
    assert.match((await get(url)).body, /^Hello from Slipway/);
    const { spec, status } = await delivered();
    const uid = await kubectl("get", "workload", "bundled", "-o", "jsonpath={.metadata.uid}");
    assert.equal(spec.image, `127.0.0.1:${sandbox.portBase}/workloads/bundled-team-bundle:${uid}`);
    const manifest = await fetch(`${origin}/v2/workloads/bundled-team-bundle/manifests/${uid}`);
    assert.equal(manifest.headers.get("docker-content-digest"), status.digest);
    const deliverable = await object<{ spec: { source: object } }>("deliverable");
    assert.deepEqual(deliverable.spec.source, { image: spec.image });
    const { source: deployed } = (await object<Application>("applications.argoproj.io")).spec;
    assert.equal(deployed.repoURL, `oci://127.0.0.1:${sandbox.portBase}/workloads/bundled-team-bundle`);
    assert.equal((await kubectl("get", "configcommit", "--ignore-not-found", "bundled")).trim(), "");
    await kubectl("wait", "--for=condition=Ready", "--timeout=30s", "deliverable/bundled");
  });

  test("a push makes another bundle, which takes the place of the first", async () => {
    const first = await delivered();
    const clone = join(work, "hello-web");
    await must("git", ["clone", "-q", `${origin}/git/hello-web.git`, clone]);
    const server = await readFile(join(clone, "server.js"), "utf8");
    await writeFile(join(clone, "server.js"), server.replace("Hello from Slipway", "Hello in a bundle"));
    const author = ["-c", "user.name=Newcomer", "-c", "user.email=newcomer@example.com"];
    await must("git", [...author, "commit", "-qam", "Another greeting"], { cwd: clone });
    await must("git", ["push", "-q"], { cwd: clone });
    await eventually("the new greeting", async () => (await get(url)).body.startsWith("Hello in a bundle"));
    const second = await delivered(first.status.digest);
    assert.equal(second.spec.image, first.spec.image);
    await kubectl("wait", "--for=condition=Ready", "--timeout=30s", "deliverable/bundled");
  });

  const withoutImgpkg = has("imgpkg") ? false : "there is no imgpkg on the PATH to pull with";
  test("imgpkg pulls what the registry has", { skip: withoutImgpkg }, async () => {
    const { status } = await delivered();
    const folder = join(work, "pulled");
    await must("imgpkg", ["pull", "-b", status.image, "-o", folder, "--registry-insecure"]);
    const delivery = await readFile(join(folder, "config", "delivery.yml"), "utf8");
    const [, image] = /image: (\S+)/.exec(delivery) ?? [];
    const lock = await readFile(join(folder, ".imgpkg", "images.yml"), "utf8");
    assert.ok(image && lock.includes(`image: ${image}`), lock);
  });

  test("the commit is traced through its bundle, and rolled back", async () => {
    const traced = await slipway(sandbox, "trace", "bundled", "-n", "team", "-o", "json");
    const [newest, first] = JSON.parse(traced.stdout) as { commit: string; steps: { step: string; what: string }[] }[];
    const { status } = await delivered();
    assert.equal(newest?.steps.find(({ step }) => step === "config")?.what, status.digest);
    assert.deepEqual(
      newest?.steps.map(({ step }) => step),
      ["commit", "image", "config", "revision", "live"],
    );
    const back = await slipway(sandbox, "workload", "rollback", "bundled", "-n", "team", "--wait", "--yes");
    assert.equal(back.code, 0, back.stderr);
    assert.match(back.stdout, new RegExp(`goes back to commit ${first?.commit}`));
    assert.match((await get(url)).body, /^Hello from Slipway/);
    await delivered(status.digest);
  });

  test("a workload that GitOps params name a repository for is committed there", async () => {
    const { port } = new URL(origin);
    const params = { server_address: `http://127.0.0.1:${port}`, repository_owner: "git", repository_name: "gitops" };
    const flags = Object.entries(params).flatMap(([name, value]) => ["--param", `gitops_${name}=${value}`]);
    const { code, stderr } = await slipway(sandbox, "workload", "apply", "bundled", "-n", "team", "--wait", ...flags);
    assert.equal(code, 0, stderr);
    const application = await object<Application>("applications.argoproj.io");
    assert.equal(application.spec.source.repoURL, `${origin}/git/gitops.git`);
    assert.equal((await kubectl("get", "configbundle", "--ignore-not-found", "bundled")).trim(), "");
  });

  test("deleting the workload removes what it delivered", async () => {
    assert.equal((await slipway(sandbox, "workload", "delete", "bundled", "-n", "team")).code, 0);
    const kinds = "configbundles,deliverables,imagerepositories,applications.argoproj.io,services.serving.knative.dev";
    await eventually(
      "everything to be gone",
      async () => !(await kubectl("get", kinds, "-o", "name")).includes("/bundled"),
    );
  });
});
