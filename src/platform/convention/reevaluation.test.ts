/** On a real API server: what makes an intent be evaluated again. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Secret } from "#api/builtin/index.ts";
import { ClusterPodConvention, PodIntent } from "#api/conventions.carto.run/index.ts";
import { toCustomResourceDefinition } from "#api/crd.ts";
import type { Resource } from "#api/define.ts";
import { ObjectCache } from "#engine/controller/cache.ts";
import { type Running, runControllers } from "#engine/controller/run.ts";
import { KubeClient } from "#ports/kube/client.ts";
import { type Cluster, eventually, startCluster } from "../../../test/compat/cluster.ts";
import { conventionControllers, stockConventions } from "./index.ts";
import { imageWith } from "./testkit.ts";

const IN_PROCESS = { "conventions.slipway.dev/in-process": "nodejs" };
const target = { name: "app", namespace: "default" };
const merge = (body: unknown) => ({ type: "merge", body }) as const;

describe("an intent is evaluated again", () => {
  let cluster: Cluster;
  let client: KubeClient;
  let cache: ObjectCache;
  let running: Running;
  let digest = "sha256:1";
  /** What waits for a time; the test says when that is. */
  const waiting: (() => void)[] = [];
  const schedule = (callback: () => void) => {
    waiting.push(callback);
    return () => undefined;
  };
  const queueClock = { now: () => 0, schedule };

  before(async () => {
    cluster = await startCluster();
    client = new KubeClient(cluster.inProcess);
    const definition = await client.resourceFor("apiextensions.k8s.io/v1", "CustomResourceDefinition");
    for (const kind of [PodIntent, ClusterPodConvention] as unknown as Resource[])
      await client.apply(definition, toCustomResourceDefinition(kind) as never);
    await client.create(PodIntent, {
      metadata: target,
      spec: { template: { spec: { containers: [{ name: "workload", image: "r.example/app:1" }] } } },
    } as never);
    cache = new ObjectCache(client);
    const images = {
      describe: async (reference: string) => imageWith(`${reference}@${digest}`, { buildpacks: ["slipway/nodejs"] }),
    };
    running = runControllers(cache, conventionControllers({ images, services: () => async () => undefined }), {
      queueClock,
    });
  });
  after(async () => {
    await running.close();
    cache.close();
    await cluster[Symbol.asyncDispose]();
  });

  const read = async () => {
    const intent = await client.get(PodIntent, target.name, target.namespace);
    return { ready: intent?.status?.conditions?.find(({ type }) => type === "ConventionsApplied"), intent };
  };
  const reason = (wanted: string, message = /^/) =>
    eventually(async () => {
      const { ready, intent } = await read();
      return ready?.reason === wanted && message.test(ready.message ?? "") && intent;
    });
  const ports = (isWanted: boolean) =>
    eventually(async () => {
      const { intent } = await read();
      const container = intent?.status?.template?.spec?.containers[0];
      return container && (container.ports !== undefined) === isWanted && container;
    });

  test("the server fills in what upstream's webhooks do", async () => {
    const intent = await reason("Applied");
    assert.equal(intent.spec.serviceAccountName, "default");
    await client.create(ClusterPodConvention, {
      metadata: { name: "defaults" },
      spec: {
        selectors: [{ matchLabels: { never: "" } }],
        webhook: { clientConfig: { service: { namespace: "a", name: "b" } } },
      },
    } as never);
    const stored = await client.get(ClusterPodConvention, "defaults");
    const { priority, selectorTarget, webhook } = stored?.spec ?? {};
    assert.deepEqual(
      [priority, selectorTarget, webhook?.clientConfig.service?.port],
      ["Normal", "PodTemplateSpec", 443],
    );
  });

  test("when a convention is added, edited or deleted", async () => {
    await client.create(ClusterPodConvention, {
      metadata: { name: "nodejs", annotations: IN_PROCESS },
      spec: {},
    } as never);
    assert.equal((await ports(true)).image, "r.example/app:1@sha256:1");
    const spec = { selectors: [{ matchLabels: { app: "other" } }] };
    await client.patch(ClusterPodConvention, { name: "nodejs" }, merge({ spec }));
    await ports(false);
    await client.patch(ClusterPodConvention, { name: "nodejs" }, merge({ spec: { selectors: null } }));
    await ports(true);
    await client.delete(ClusterPodConvention, { name: "nodejs" });
    await ports(false);
  });

  test("when the authority of a webhook appears, and its service account", async () => {
    const clientConfig = { service: { namespace: "default", name: "webhook" } };
    const annotations = { "conventions.carto.run/inject-ca-from": "default/webhook-cert" };
    await client.create(ClusterPodConvention, {
      metadata: { name: "web", annotations },
      spec: { webhook: { clientConfig } },
    } as never);
    await reason("CABundleResolutionFailed");
    await client.create(Secret, {
      metadata: { name: "webhook-cert", namespace: "default" },
      data: { "ca.crt": Buffer.from("pem").toString("base64") },
    } as never);
    await reason("ConventionsApplied", /service default\/webhook has no ready endpoint/);
    await client.delete(ClusterPodConvention, { name: "web" });
    await reason("Applied");
    await client.patch(PodIntent, target, merge({ spec: { serviceAccountName: "later" } }));
    await reason("ImageResolutionFailed");
    await client.create(await client.resourceFor("v1", "ServiceAccount"), {
      metadata: { name: "later", namespace: "default" },
    } as never);
    await reason("Applied");
  });

  test("when it is time to look whether its tag means another image", async () => {
    for (const convention of stockConventions()) await client.apply(ClusterPodConvention, convention as never);
    assert.equal((await ports(true)).image, "r.example/app:1@sha256:1");
    digest = "sha256:2";
    for (const callback of waiting.splice(0)) callback();
    await eventually(async () => (await ports(true)).image === "r.example/app:1@sha256:2");
  });
});
