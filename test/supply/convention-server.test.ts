/** A convention webhook written in Go with Kubernetes' types, called over TLS by a running cluster. */
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { ClusterPodConvention, PodIntent } from "#api/conventions.carto.run/index.ts";
import { issueCertificate } from "#engine/apiserver/auth/x509.ts";
import { ObjectCache } from "#engine/controller/cache.ts";
import { runControllers } from "#engine/controller/run.ts";
import { conventionControllers } from "#platform/convention/index.ts";
import { KubeClient } from "#ports/kube/client.ts";
import { applyDefinitions } from "#profiles/defaults.ts";
import { eventually, startCluster } from "../compat/cluster.ts";

const SOURCE = new URL("./go", import.meta.url).pathname;
/** The first build downloads and compiles the modules. */
const BUILD_MS = 5 * 60_000;
const DIGEST = `sha256:${"1".repeat(64)}`;
const BOM = JSON.stringify({ bomFormat: "CycloneDX", components: [{ name: "express", version: "5.0.0" }] });

/** What is known of every image. */
const described = (image: string) => ({
  image: image.includes("@") ? image : `${image}@${DIGEST}`,
  config: {
    architecture: "amd64",
    os: "linux",
    created: "2026-01-01T00:00:00Z",
    config: { Env: ["A=1"], Entrypoint: ["/cnb/process/web"], Labels: { a: "1" }, User: "1000", WorkingDir: "/app" },
    rootfs: { type: "layers" as const, diff_ids: [DIGEST] },
  },
  boms: [{ name: "cnb-app:sbom.cdx.json", raw: Buffer.from(BOM) }],
});

test("a Go webhook is called over TLS, in order, with what is known of the images", async (context) => {
  if (spawnSync("go", ["version"]).status !== 0) return context.skip("go is not on PATH");
  const modules = spawnSync("go", ["mod", "download"], { cwd: SOURCE, timeout: BUILD_MS, encoding: "utf8" });
  if (modules.status !== 0) return context.skip(`the Go modules cannot be downloaded: ${modules.stderr.slice(0, 200)}`);
  await using cluster = await startCluster();
  const program = join(cluster.folder, "convention-server");
  execFileSync("go", ["build", "-o", program, "."], { cwd: SOURCE, timeout: BUILD_MS });

  const now = new Date();
  const authority = issueCertificate({ subject: { commonName: "ca" }, usage: "authority", now, days: 1, randomBytes });
  const subject = { commonName: "webhook" };
  const hosts = ["127.0.0.1"];
  const pair = issueCertificate({ subject, usage: "server", hosts, now, days: 1, randomBytes }, authority);
  const certificates = join(cluster.folder, "certificates");
  await mkdir(certificates);
  await writeFile(join(certificates, "tls.crt"), pair.cert);
  await writeFile(join(certificates, "tls.key"), pair.key, { mode: 0o600 });
  const server = spawn(program, [certificates], { stdio: ["ignore", "pipe", "ignore"] });
  const ended = once(server, "exit");
  await using _server = {
    [Symbol.asyncDispose]: async () => {
      server.kill();
      await ended;
    },
  };
  const [line] = (await once(server.stdout, "data")) as [Buffer];

  const client = new KubeClient(cluster.inProcess);
  await applyDefinitions(client);
  const cache = new ObjectCache(client);
  const controllers = conventionControllers({ images: { describe: async (image) => described(image) } });
  const running = runControllers(cache, controllers, {});
  await using _running = {
    [Symbol.asyncDispose]: async () => {
      await running.close();
      cache.close();
    },
  };
  const convention = (name: string, path: string, priority: string): Promise<unknown> => {
    const url = `https://127.0.0.1:${line.toString().trim()}${path}`;
    const clientConfig = { url, caBundle: Buffer.from(authority.cert).toString("base64") };
    return client.create(ClusterPodConvention, {
      metadata: { name },
      spec: { priority, webhook: { clientConfig } },
    } as never);
  };
  await convention("a-last", "/order", "Late");
  await convention("z-first", "/describe", "Early");
  const annotations = { "conventions.carto.run/applied-conventions": "given/before" };
  const resources = { requests: { cpu: "100m", memory: "1Gi" } };
  await client.create(PodIntent, {
    metadata: { name: "app", namespace: "default" },
    spec: {
      template: {
        metadata: { annotations },
        spec: {
          containers: [
            {
              name: "workload",
              image: "r.example/app:1",
              resources,
              readinessProbe: { httpGet: { port: "http", path: "/" } },
            },
          ],
        },
      },
    },
  } as never);

  const { status } = await eventually(async () => {
    const intent = await client.get(PodIntent, "app", "default");
    const condition = intent?.status?.conditions?.find(({ type }) => type === "ConventionsApplied");
    return condition?.status === "True" && intent;
  });
  const [container] = status?.template?.spec?.containers ?? [];
  assert.deepEqual(container, {
    name: "workload",
    image: `r.example/app:1@${DIGEST}`,
    env: [{ name: "BUILT_FOR", value: "linux/amd64" }],
    resources,
    readinessProbe: { httpGet: { port: "http", path: "/" } },
  });
  const earlier = ["given/before", "z-first/components", "z-first/platform"];
  assert.deepEqual(status?.template?.metadata, {
    annotations: {
      "conventions.carto.run/applied-conventions": [...earlier, "a-last/order"].join("\n"),
      before: earlier.join("\n"),
      described: "cnb-app:sbom.cdx.json express 5.0.0",
    },
  });
  assert.deepEqual(
    status?.conditions?.map(({ type, status, reason }) => [type, status, reason]),
    [
      ["ConventionsApplied", "True", "Applied"],
      ["Ready", "True", "ConventionsApplied"],
    ],
  );
});
