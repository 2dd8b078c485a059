/** A developer with kubectl, in a developer namespace: what she may, and that what is deployed for her may no more. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { get } from "../harness/http.ts";
import { must, type Program, reserve, run, type Sandbox, slipway, startProgram } from "../harness/program.ts";
import { has } from "../harness/tools.ts";
import { eventually } from "../harness/wait.ts";

const missing = ["git", "kubectl"].filter((tool) => !has(tool));

describe("a developer", missing.length > 0 ? { skip: `${missing.join(" and ")} not installed` } : {}, () => {
  let sandbox: Sandbox;
  let program: Program;
  let work: string;
  let image: string;
  const config = () => ["--kubeconfig", join(work, "kubeconfig")];
  const kubectl = (...args: string[]) => must("kubectl", [...config(), ...args]);
  const asEve = (...args: string[]) => [...config(), "--as=eve", ...args];
  const apply = (flags: string[], object: object) =>
    run("kubectl", [...flags, "apply", "-f", "-"], { input: JSON.stringify(object) });
  const workload = (name: string, namespace: string) => ({
    apiVersion: "carto.run/v1alpha1",
    kind: "Workload",
    metadata: { name, namespace, labels: { "apps.tanzu.vmware.com/workload-type": "web" } },
    spec: { image },
  });
  /** Waits until the condition's message has the words; an empty one waits for its status True. */
  const says = (kind: string, name: string, type: string, words: string) =>
    eventually(`${kind} ${name} to say ${words || "True"}`, async () => {
      const path = `jsonpath={.status.conditions[?(@.type=="${type}")].${words ? "message" : "status"}}`;
      return (await kubectl("-n", "team", "get", kind, name, "-o", path)).includes(words || "True");
    });

  before(async () => {
    sandbox = await reserve();
    work = await mkdtemp(join(tmpdir(), "developer-"));
    program = await startProgram(sandbox, { demo: true });
    await writeFile(join(work, "kubeconfig"), (await slipway(sandbox, "kubeconfig")).stdout);
    image = await kubectl("get", "images.kpack.io", "hello-web", "-o", "jsonpath={.status.latestImage}");
    await kubectl("create", "namespace", "team");
    await kubectl("create", "rolebinding", "eve", "-n", "team", "--clusterrole=app-editor", "--user=eve");
    await kubectl("create", "clusterrolebinding", "eve", "--clusterrole=app-editor-cluster-access", "--user=eve");
  });
  after(async () => {
    await program?.stop();
    await sandbox?.remove();
    await rm(work, { recursive: true, force: true });
  });

  test("hands in a workload, which waits until its namespace is a developer namespace", async () => {
    const { code, stderr } = await apply(asEve(), workload("app", "team"));
    assert.equal(code, 0, stderr);
    const denied = 'is forbidden: User "system:serviceaccount:team:default" cannot patch resource "configmaps"';
    await says("workload", "app", "ResourcesSubmitted", denied);
    await kubectl("label", "namespace", "team", "apps.tanzu.vmware.com/tap-ns=");
    await says("workload", "app", "Ready", "");
    const url = program.readyLine.replace("READY ", "").replace("hello-web.default", "app.team");
    assert.match((await get(url)).body, /^Hello from Slipway/);
  });

  test("sees what became of it, and the paths that there are", async () => {
    const kinds = "workloads,deliverables,podintents,configcommits,applications.argoproj.io,pods";
    assert.match(await must("kubectl", asEve("-n", "team", "get", kinds)), /deliverable\S*\/app .*\n/);
    assert.match(await must("kubectl", asEve("get", "clustersupplychains")), /source-to-url/);
    assert.equal((await run("kubectl", asEve("-n", "team", "get", "secrets"))).code, 1);
  });

  test("may not deploy past her workloads, nor anywhere else", async () => {
    const may = async (...question: string[]) =>
      (await run("kubectl", asEve("auth", "can-i", ...question))).stdout.trim();
    for (const namespace of ["argocd", "team", "default"])
      assert.equal(await may("create", "applications.argoproj.io", "-n", namespace), "no", namespace);
    assert.equal(await may("create", "workloads", "-n", "team"), "yes");
    const elsewhere = await apply(asEve(), workload("app", "default"));
    assert.match(elsewhere.stderr, /Forbidden.+User "eve" cannot/s);
  });

  test("is refused by name what her namespace's account may not deploy", async () => {
    const clone = join(work, "hello-web");
    const origin = `http://127.0.0.1:${sandbox.portBase}/git/hello-web.git`;
    await must("git", ["clone", "-q", origin, clone]);
    await mkdir(join(clone, "grab"));
    const grab = {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: "grab" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
      subjects: [{ kind: "ServiceAccount", name: "default", namespace: "team" }],
    };
    await writeFile(join(clone, "grab", "grab.json"), JSON.stringify(grab));
    const author = ["-c", "user.name=Eve", "-c", "user.email=eve@example.com"];
    await must("git", ["add", "."], { cwd: clone });
    await must("git", [...author, "commit", "-qm", "Grab"], { cwd: clone });
    await must("git", ["push", "-q"], { cwd: clone });
    const deliverable = {
      apiVersion: "carto.run/v1alpha1",
      kind: "Deliverable",
      metadata: { name: "grab", namespace: "team", labels: { "app.tanzu.vmware.com/deliverable-type": "web" } },
      spec: { source: { git: { url: origin, ref: { branch: "main" } }, subPath: "grab" } },
    };
    const { code, stderr } = await apply(asEve(), deliverable);
    assert.equal(code, 0, stderr);
    const who =
      'clusterrolebindings.rbac.authorization.k8s.io "grab" is forbidden: User "system:serviceaccount:team:default"';
    await says("deliverable", "grab", "ResourcesHealthy", who);
    assert.equal((await run("kubectl", [...config(), "get", "clusterrolebinding", "grab"])).code, 1);
    await must("kubectl", asEve("-n", "team", "delete", "deliverable", "grab", "--timeout=30s"));
  });

  test("what the operator takes away stays away", async () => {
    const bindings = ["rolebinding", "default-permit-workload", "default-permit-deliverable"];
    await kubectl("-n", "default", "delete", ...bindings);
    await program.stop();
    program = await startProgram(sandbox);
    assert.equal((await kubectl("-n", "default", "get", "--ignore-not-found", ...bindings)).trim(), "");
    await says("workload", "app", "Ready", "");
  });

  test("the namespace goes, with all that was deployed in it", async () => {
    await kubectl("delete", "namespace", "team", "--timeout=60s");
  });
});
