// The real kubectl against the embedded API server.
import { equal, match, ok } from "node:assert/strict";
import { execFile, spawn, spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { renderYamlDocuments } from "#kit/yaml.ts";
import { type Cluster, eventually, startCluster, widgetDefinition } from "../compat/cluster.ts";

const hasKubectl = spawnSync("kubectl", ["version", "--client"]).status === 0;
const skip = hasKubectl ? false : "kubectl is not on PATH";

type Run = { code: number; out: string; err: string };

const DEPLOYMENT = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", labels: { app: "web" } },
  spec: {
    selector: { matchLabels: { app: "web" } },
    template: {
      metadata: { labels: { app: "web" } },
      spec: { containers: [{ name: "web", image: "nginx:1", ports: [{ containerPort: 80 }] }] },
    },
  },
};
const CONFIG = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings" }, data: { color: "red" } };
const DEFINITION = { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", ...widgetDefinition };
const WIDGET = { apiVersion: "example.dev/v1", kind: "Widget", metadata: { name: "one" }, spec: { size: 3 } };

describe("kubectl", { skip }, () => {
  let cluster: Cluster;
  let environment: NodeJS.ProcessEnv = {};

  before(async () => {
    if (!hasKubectl) return;
    cluster = await startCluster();
    const config = join(cluster.folder, "kubeconfig");
    await writeFile(config, cluster.server.kubeconfig(), { mode: 0o600 });
    environment = { PATH: process.env.PATH, HOME: cluster.folder, KUBECONFIG: config };
  });
  after(async () => {
    if (hasKubectl) await cluster[Symbol.asyncDispose]();
  });

  const run = (...parameters: string[]): Promise<Run> =>
    new Promise((resolve) => {
      execFile("kubectl", parameters, { env: environment }, (error, out, err) => {
        const code = error ? Number(error.code ?? 1) : 0;
        resolve({ code, out: out.trim(), err: err.trim() });
      });
    });
  const kubectl = async (...parameters: string[]): Promise<string> => {
    const { code, out, err } = await run(...parameters);
    equal(code, 0, `kubectl ${parameters.join(" ")}: ${err}`);
    return out;
  };
  const file = async (name: string, ...objects: object[]): Promise<string> => {
    const path = join(cluster.folder, `${name}.yaml`);
    await writeFile(path, renderYamlDocuments(objects));
    return path;
  };

  test("finds the server and its resources", async () => {
    match(await kubectl("version"), /Server Version: v1\.\d+/);
    match(await kubectl("api-resources"), /deployments +deploy +apps\/v1 +true +Deployment/);
    match(await kubectl("get", "namespaces"), /default +Active/);
  });

  test("applies, shows, changes and deletes", async () => {
    const path = await file("first", DEPLOYMENT, CONFIG);
    match(await kubectl("apply", "-f", path), /deployment.apps\/web created\nconfigmap\/settings created/);
    match(await kubectl("apply", "-f", path), /deployment.apps\/web unchanged/);
    const next = structuredClone(DEPLOYMENT);
    (next.spec.template.spec.containers[0] as { image: string }).image = "nginx:2";
    match(await kubectl("apply", "-f", await file("second", next)), /web configured/);
    match(
      await kubectl("get", "deploy", "-o", "wide"),
      /NAME +READY +UP-TO-DATE +AVAILABLE +AGE +CONTAINERS +IMAGES.*\nweb +0\/1 +0 +0 +\d+s +web +nginx:2/,
    );
    match(await kubectl("describe", "deploy", "web"), /Image: +nginx:2/);
    await kubectl("label", "deploy", "web", "tier=front");
    await kubectl("scale", "deploy", "web", "--replicas=3");
    await kubectl(
      "patch",
      "deploy",
      "web",
      "-p",
      '{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"busybox"}]}}}}',
    );
    equal(
      await kubectl(
        "get",
        "deploy",
        "-l",
        "tier=front",
        "-o",
        "jsonpath={.items[0].spec.replicas} {.items[0].spec.template.spec.containers[*].name}",
      ),
      "3 side web",
    );
    match(await kubectl("diff", "-f", await file("same", CONFIG)), /^$/);
    await kubectl("delete", "-f", path);
    match((await run("get", "deploy", "web")).err, /NotFound/);
  });

  test("follows changes", async () => {
    const child = spawn("kubectl", ["get", "configmaps", "-w", "--no-headers"], { env: environment });
    try {
      let seen = "";
      child.stdout.on("data", (chunk: Buffer) => {
        seen += chunk.toString();
      });
      await eventually(async () => seen.includes("kube-root-ca.crt"));
      await kubectl("create", "configmap", "followed", "--from-literal=a=b");
      await eventually(async () => /followed +1/.test(seen));
      await kubectl("delete", "configmap", "followed");
      await eventually(async () => (seen.match(/followed/g)?.length ?? 0) >= 2);
    } finally {
      child.kill();
    }
  });

  test("explains", async () => {
    match(await kubectl("explain", "deployment.spec.strategy"), /rollingUpdate\s+<RollingUpdateDeployment>/);
    match(await kubectl("explain", "pod.spec.containers.ports"), /containerPort\s+<integer>/);
  });

  test("creates kinds and their objects", async () => {
    await kubectl("apply", "-f", await file("definition", DEFINITION));
    await kubectl("wait", "--for=condition=Established", "crd/widgets.example.dev", "--timeout=5s");
    await kubectl("apply", "-f", await file("widget", WIDGET));
    match(await kubectl("get", "wd"), /NAME +SIZE +SOURCE +AGE\none +3 +\d+s/);
    match(await kubectl("explain", "widget.spec"), /size\s+<integer> -required-/);
    const bad = await run("apply", "-f", await file("bad", { ...WIDGET, spec: { size: 0 } }));
    match(bad.err, /spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1/);
    const unknown = await run("apply", "-f", await file("unknown", { ...WIDGET, spec: { size: 1, colour: "red" } }));
    match(unknown.err, /unknown field "spec.colour"/);
    await kubectl("delete", "crd", "widgets.example.dev");
    ok((await run("get", "wd")).code !== 0);
  });

  test("applies on the server and reports conflicts", async () => {
    const path = await file("ssa", CONFIG);
    await kubectl("apply", "--server-side", "-f", path);
    await kubectl("patch", "configmap", "settings", "--type=merge", "-p", '{"data":{"color":"blue"}}');
    match(
      (await run("apply", "--server-side", "-f", path)).err,
      /conflict with "kubectl-patch" using v1: \.data\.color/,
    );
    await kubectl("apply", "--server-side", "--force-conflicts", "-f", path);
    equal(await kubectl("get", "configmap", "settings", "-o", "jsonpath={.data.color}"), "red");
  });

  test("creates namespaces and deletes them with everything in them", async () => {
    await kubectl("create", "namespace", "short");
    await kubectl("create", "deployment", "d", "--image=nginx", "-n", "short");
    await kubectl("delete", "namespace", "short", "--timeout=10s");
    match((await run("get", "namespace", "short")).err, /NotFound/);
  });

  test("runs and deletes pods", async () => {
    await kubectl("run", "p", "--image=busybox", "--", "true");
    match(await kubectl("get", "pods"), /NAME +READY +STATUS +RESTARTS +AGE\np +0\/1 +Pending +0 +\d+s/);
    await kubectl("delete", "pod", "p", "--timeout=5s");
    equal(await kubectl("get", "pods", "-o", "name"), "");
  });
});
