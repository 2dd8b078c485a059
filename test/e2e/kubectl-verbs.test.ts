// The verbs of the real kubectl that people use every day, against the embedded API server.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { execFile, spawn, spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { renderYamlDocuments } from "#kit/yaml.ts";
import { type Cluster, eventually, startCluster } from "../compat/cluster.ts";

const hasKubectl = spawnSync("kubectl", ["version", "--client"]).status === 0;
const skip = hasKubectl ? false : "kubectl is not on PATH";

type Run = { code: number; out: string; err: string };

const config = (name: string, data: object) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data });
const deployment = (name: string, spec: object = {}) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name },
  spec: {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: "web", image: "nginx:1" }] } },
    ...spec,
  },
});
const owned = (name: string, owner: { name: string; uid: string }) => ({
  ...config(name, {}),
  metadata: {
    name,
    ownerReferences: [
      { apiVersion: "apps/v1", kind: "Deployment", name: owner.name, uid: owner.uid, blockOwnerDeletion: true },
    ],
  },
});

describe("kubectl verbs", { skip }, () => {
  let cluster: Cluster;
  let environment: NodeJS.ProcessEnv = {};

  before(async () => {
    if (!hasKubectl) return;
    cluster = await startCluster();
    const path = join(cluster.folder, "kubeconfig");
    await writeFile(path, cluster.server.kubeconfig(), { mode: 0o600 });
    environment = { PATH: process.env.PATH, HOME: cluster.folder, KUBECONFIG: path };
  });
  after(async () => {
    if (hasKubectl) await cluster[Symbol.asyncDispose]();
  });

  const run = (parameters: readonly string[], extra: NodeJS.ProcessEnv = {}): Promise<Run> =>
    new Promise((resolve) => {
      execFile("kubectl", parameters, { env: { ...environment, ...extra } }, (error, out, err) => {
        const code = error ? Number(error.code ?? 1) : 0;
        resolve({ code, out: out.trim(), err: err.trim() });
      });
    });
  const kubectl = async (...parameters: string[]): Promise<string> => {
    const { code, out, err } = await run(parameters);
    equal(code, 0, `kubectl ${parameters.join(" ")}: ${err}`);
    return out;
  };
  const file = async (name: string, ...objects: object[]): Promise<string> => {
    const path = join(cluster.folder, `${name}.yaml`);
    await writeFile(path, renderYamlDocuments(objects));
    return path;
  };

  test("diff shows what apply would change, and changes nothing", async () => {
    await kubectl("apply", "-f", await file("diff", config("diffed", { color: "red" })));
    const path = await file("diff", config("diffed", { color: "blue" }));
    for (const mode of [[], ["--server-side", "--force-conflicts"]]) {
      const { code, out } = await run(["diff", ...mode, "-f", path]);
      equal(code, 1);
      match(out, /-\s+color: red\n\+\s+color: blue/);
    }
    equal(await kubectl("get", "configmap", "diffed", "-o", "jsonpath={.data.color}"), "red");
  });

  test("edit opens, changes and stores an object", async () => {
    await kubectl("create", "configmap", "edited", "--from-literal=color=red");
    const { code, out, err } = await run(["edit", "configmap", "edited"], { KUBE_EDITOR: "sed -i s/red/green/" });
    equal(code, 0, err);
    match(out, /configmap\/edited edited/);
    equal(await kubectl("get", "configmap", "edited", "-o", "jsonpath={.data.color}"), "green");
    match((await run(["edit", "configmap", "edited"], { KUBE_EDITOR: "true" })).err, /no changes made/);
  });

  test("patches in three forms", async () => {
    await kubectl("apply", "-f", await file("patched", deployment("patched")));
    const containers = '{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"b"}]}}}}';
    await kubectl("patch", "deploy", "patched", "--type=strategic", "-p", containers);
    await kubectl("patch", "deploy", "patched", "--type=merge", "-p", '{"metadata":{"labels":{"tier":"front"}}}');
    await kubectl(
      "patch",
      "deploy",
      "patched",
      "--type=json",
      "-p",
      '[{"op":"replace","path":"/spec/replicas","value":4}]',
    );
    const names = "{.spec.template.spec.containers[*].name} {.metadata.labels.tier} {.spec.replicas}";
    equal(await kubectl("get", "deploy", "patched", "-o", `jsonpath=${names}`), "side web front 4");
    match(
      (
        await run([
          "patch",
          "deploy",
          "patched",
          "--type=json",
          "-p",
          '[{"op":"test","path":"/spec/replicas","value":9}]',
        ])
      ).err,
      /the server rejected our request/,
    );
  });

  test("scales, also only from an expected count", async () => {
    await kubectl("scale", "deploy", "patched", "--replicas=2");
    match(
      (await run(["scale", "deploy", "patched", "--replicas=7", "--current-replicas=5"])).err,
      /Expected replicas to be 5/i,
    );
    equal(await kubectl("get", "deploy", "patched", "-o", "jsonpath={.spec.replicas}"), "2");
  });

  test("sets, labels, annotates and exposes", async () => {
    await kubectl("set", "image", "deploy/patched", "web=nginx:9");
    await kubectl("set", "env", "deploy/patched", "-c", "web", "MODE=fast");
    await kubectl("annotate", "deploy", "patched", "note=yes");
    match((await run(["label", "deploy", "patched", "tier=back"])).err, /already has a value/);
    await kubectl("label", "deploy", "patched", "tier=back", "--overwrite");
    await kubectl("expose", "deploy", "patched", "--port=80", "--name=exposed");
    match(await kubectl("get", "service", "exposed"), /exposed +ClusterIP +10\.96\.\d+\.\d+ +<none> +80\/TCP/);
    equal(
      await kubectl(
        "get",
        "deploy",
        "patched",
        "-o",
        "jsonpath={.spec.template.spec.containers[?(@.name=='web')].image}",
      ),
      "nginx:9",
    );
  });

  test("waits for what comes and for what goes", async () => {
    const waiting = kubectl("wait", "--for=jsonpath={.data.ready}=yes", "configmap/diffed", "--timeout=10s");
    await kubectl("patch", "configmap", "diffed", "--type=merge", "-p", '{"data":{"ready":"yes"}}');
    match(await waiting, /condition met/);
    const gone = kubectl("wait", "--for=delete", "configmap/diffed", "--timeout=10s");
    await kubectl("delete", "configmap", "diffed");
    await gone;
  });

  test("watches from the first object on", async () => {
    const child = spawn(
      "kubectl",
      ["get", "configmaps", "-w", "--output-watch-events", "--field-selector=metadata.name=seen"],
      {
        env: environment,
      },
    );
    try {
      let seen = "";
      child.stdout.on("data", (chunk: Buffer) => {
        seen += chunk.toString();
      });
      await eventually(async () => {
        await run(["create", "configmap", "seen"]);
        return /ADDED +seen/.test(seen);
      });
      await kubectl("label", "configmap", "seen", "a=b");
      await eventually(async () => /MODIFIED +seen/.test(seen));
      await kubectl("delete", "configmap", "seen");
      await eventually(async () => /DELETED +seen/.test(seen));
    } finally {
      child.kill();
    }
  });

  const ownerWith = async (name: string): Promise<void> => {
    await kubectl("create", "-f", await file(name, deployment(name)));
    const uid = await kubectl("get", "deploy", name, "-o", "jsonpath={.metadata.uid}");
    await kubectl("create", "-f", await file(`${name}-child`, owned(`${name}-child`, { name, uid })));
  };
  const exists = async (name: string): Promise<boolean> => (await run(["get", "configmap", name])).code === 0;

  test("deletes in the background, in the foreground, and leaves orphans", async () => {
    await ownerWith("back");
    await kubectl("delete", "deploy", "back", "--cascade=background");
    await eventually(async () => !(await exists("back-child")));
    await ownerWith("front");
    await kubectl("delete", "deploy", "front", "--cascade=foreground");
    equal(await exists("front-child"), false);
    await ownerWith("leave");
    await kubectl("delete", "deploy", "leave", "--cascade=orphan");
    equal(await exists("leave-child"), true);
    equal(await kubectl("get", "configmap", "leave-child", "-o", "jsonpath={.metadata.ownerReferences}"), "");
  });

  test("goes from client-side to server-side apply without a conflict", async () => {
    await kubectl("apply", "-f", await file("side", deployment("sided", { replicas: 1 })));
    await kubectl("apply", "--server-side", "-f", await file("side", deployment("sided", { replicas: 3 })));
    equal(await kubectl("get", "deploy", "sided", "-o", "jsonpath={.spec.replicas}"), "3");
    const managers = await kubectl(
      "get",
      "deploy",
      "sided",
      "--show-managed-fields",
      "-o",
      "jsonpath={.metadata.managedFields[*].manager}",
    );
    ok(managers.split(" ").includes("kubectl"), managers);
    const path = await file("side", deployment("sided"));
    await kubectl("apply", "--server-side", "-f", path);
    equal(await kubectl("get", "deploy", "sided", "-o", "jsonpath={.spec.replicas}"), "1");
  });

  test("rehearses", async () => {
    const path = await file("rehearsed", config("rehearsed", {}));
    match(await kubectl("apply", "--dry-run=server", "-f", path), /created \(server dry run\)/);
    match(await kubectl("create", "--dry-run=server", "-f", path), /created \(server dry run\)/);
    equal(await exists("rehearsed"), false);
    await kubectl("create", "-f", path);
    match(await kubectl("delete", "--dry-run=server", "-f", path), /deleted \(server dry run\)/);
    equal(await exists("rehearsed"), true);
    await kubectl("replace", "-f", await file("rehearsed", config("rehearsed", { a: "b" })));
    await kubectl("delete", "configmaps", "--all", "--dry-run=server");
    equal(await kubectl("get", "configmap", "rehearsed", "-o", "jsonpath={.data.a}"), "b");
  });

  test("says which fields it does not know, and which are given twice", async () => {
    const path = join(cluster.folder, "strict.yaml");
    await writeFile(path, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: strict\ndatum: {}\n");
    match((await run(["create", "-f", path])).err, /unknown field "datum"/);
    match((await run(["create", "--validate=warn", "-f", path])).err, /Warning: unknown field "datum"/);
  });

  test("lists what there is", async () => {
    const resources = await kubectl("api-resources", "--no-headers");
    for (const kind of ["ConfigMap", "Deployment", "CustomResourceDefinition", "Lease"])
      match(resources, new RegExp(`\\b${kind}\\b`));
    const versions = (await kubectl("api-versions")).split("\n");
    ok(versions.includes("v1") && versions.includes("apps/v1"));
    match(await kubectl("explain", "configmap"), /KIND: +ConfigMap\nVERSION: +v1/);
    match(await kubectl("explain", "service.spec.ports", "--recursive"), /nodePort\s+<integer>/);
    match(await kubectl("get", "all"), /service\/kubernetes +ClusterIP +10\.96\.0\.1/);
    const pages = await kubectl("get", "configmaps", "--chunk-size=1", "-o", "name");
    deepEqual(pages.split("\n"), (await kubectl("get", "configmaps", "-o", "name")).split("\n"));
  });
});
