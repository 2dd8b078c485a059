/** Tools that people bring along, unchanged: helm, kapp and kn deploy, wait, change and delete. Each is skipped where it is absent. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { get } from "../harness/http.ts";
import { must, type Program, reserve, type Sandbox, slipway, startProgram } from "../harness/program.ts";
import { has } from "../harness/tools.ts";

const without = (tool: string): { skip?: string } => (has(tool) ? {} : { skip: `there is no ${tool} on the PATH` });
const some = ["helm", "kapp", "kn"].some(has) && has("kubectl");

/** One Deployment behind a Service, as a template of a chart and as a manifest. */
const manifests = (name: string, replicas: string, image: string, greeting: string): string => `
apiVersion: v1
kind: ConfigMap
metadata:
  name: ${name}
  annotations: {kapp.k14s.io/versioned: ""}
data: {GREETING: ${JSON.stringify(greeting)}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - name: main
          image: ${image}
          envFrom: [{configMapRef: {name: ${name}}}]
          ports: [{name: http, containerPort: 8080}]
          readinessProbe: {httpGet: {path: /, port: http}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {selector: {app: ${name}}, ports: [{port: 80, targetPort: http}]}
`;

describe("stock clients", some ? {} : { skip: "there is no helm, kapp or kn on the PATH" }, () => {
  let sandbox: Sandbox;
  let program: Program;
  let work: string;
  let image: string;
  const kubeconfig = (): string => join(work, "kubeconfig");
  const tool = (name: string, ...args: string[]): Promise<string> =>
    must(name, [...args, "--kubeconfig", kubeconfig()]);
  const kubectl = (...args: string[]): Promise<string> => tool("kubectl", ...args);

  before(async () => {
    sandbox = await reserve();
    work = await mkdtemp(join(tmpdir(), "stock-clients-"));
    program = await startProgram(sandbox, { demo: true });
    await writeFile(kubeconfig(), (await slipway(sandbox, "kubeconfig")).stdout);
    image = await kubectl("get", "image.kpack.io", "hello-web", "-o", "jsonpath={.status.latestImage}");
  });
  after(async () => {
    await program?.stop();
    await sandbox?.remove();
    await rm(work, { recursive: true, force: true });
  });

  test("helm installs, upgrades, rolls back and uninstalls, waiting each time", without("helm"), async () => {
    const chart = join(work, "chart");
    await mkdir(join(chart, "templates"), { recursive: true });
    await writeFile(join(chart, "Chart.yaml"), "apiVersion: v2\nname: web\nversion: 0.1.0\n");
    await writeFile(join(chart, "values.yaml"), "replicas: 1\n");
    const text = manifests("{{ .Release.Name }}", "{{ .Values.replicas }}", image, "helm");
    await writeFile(join(chart, "templates", "all.yaml"), text);
    const replicas = () => kubectl("get", "deployment", "charted", "-o", "jsonpath={.status.readyReplicas}");
    await tool("helm", "install", "charted", chart, "--wait", "--timeout", "2m");
    assert.equal(await replicas(), "1");
    await tool("helm", "upgrade", "charted", chart, "--set", "replicas=2", "--wait", "--timeout", "2m");
    assert.equal(await replicas(), "2");
    await tool("helm", "rollback", "charted", "1", "--wait", "--timeout", "2m");
    assert.equal(await replicas(), "1");
    const history = JSON.parse(await tool("helm", "history", "charted", "-o", "json")) as { status: string }[];
    assert.deepEqual(
      history.map(({ status }) => status),
      ["superseded", "superseded", "deployed"],
    );
    await tool("helm", "uninstall", "charted", "--wait", "--timeout", "2m");
    assert.equal(await kubectl("get", "deployment,service,configmap,pod", "-l", "app=charted", "-o", "name"), "");
    assert.equal(await kubectl("get", "secret", "-l", "owner=helm", "-o", "name"), "");
  });

  test("kapp deploys a changed set, waits, inspects and deletes", without("kapp"), async () => {
    const file = join(work, "app.yaml");
    const deploy = async (greeting: string): Promise<string> => {
      await writeFile(file, manifests("grouped", "2", image, greeting));
      return await tool("kapp", "deploy", "-a", "group", "-f", file, "-y", "-c");
    };
    assert.match(await deploy("one"), /Succeeded/);
    assert.match(
      await deploy("two"),
      /create configmap\/grouped-ver-2[\s\S]*update deployment\/grouped[\s\S]*Succeeded/,
    );
    assert.match(await tool("kapp", "inspect", "-a", "group"), /grouped\s+Deployment\s+kapp\s+ok/);
    assert.match(await tool("kapp", "delete", "-a", "group", "-y"), /Succeeded/);
  });

  test("kn creates a service, splits its traffic and deletes it", without("kn"), async () => {
    await tool("kn", "service", "create", "split", "--image", image, "--env", "X=1");
    const url = program.readyLine.replace("READY ", "").replace("hello-web", "split");
    assert.match((await get(url)).body, /^Hello from Slipway/);
    const traffic = ["--traffic", "split-00001=50,@latest=50", "--tag", "split-00001=old"];
    await tool("kn", "service", "update", "split", "--env", "X=2", ...traffic);
    const listed = await tool("kn", "revision", "list", "-s", "split");
    assert.match(listed, /split-00002\s+split\s+50%\s+2\s/);
    assert.match(listed, /split-00001\s+split\s+50%\s+old\s+1\s/);
    await tool("kn", "service", "delete", "split", "--wait");
    assert.equal(await kubectl("get", "revisions", "-l", "serving.knative.dev/service=split", "-o", "name"), "");
  });
});
