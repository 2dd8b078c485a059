/** Quotas under load, of custom resources, and after a restart; what a single request is answered is in the recorded cases. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ConfigMap, CustomResourceDefinition, ResourceQuota, Secret } from "#api/builtin/index.ts";
import type { ResourceQuota as ResourceQuotaObject } from "#api/builtin/types.gen.ts";
import { startApiServer } from "#engine/apiserver/start.ts";
import { hasReason } from "#kit/status.ts";
import { KubeClient } from "#ports/kube/client.ts";
import { memoryStore } from "#ports/store/memory.ts";
import { eventually, startCluster, Widget, widgetDefinition } from "./cluster.ts";

const AT = { namespace: "default", name: "q" };

/** Makes a quota and waits until it is in force. */
async function makeQuota(client: KubeClient, hard: Record<string, string>): Promise<void> {
  await client.create(ResourceQuota, { metadata: AT, spec: { hard } });
  await usedOf(client, (used) => Object.keys(hard).every((name) => used[name] !== undefined));
}

function usedOf(
  client: KubeClient,
  isExpected: (used: Record<string, string>) => boolean,
): Promise<Record<string, string>> {
  return eventually(async () => {
    const quota = (await client.get(ResourceQuota, "q", "default")) as ResourceQuotaObject;
    const used = { ...quota.status?.used };
    return isExpected(used) && used;
  });
}

test("however many come at once, no more are let in than there is room for", async () => {
  await using cluster = await startCluster();
  const client = new KubeClient(cluster.inProcess);
  await makeQuota(client, { secrets: "7" });
  const names = Array.from({ length: 40 }, (_, index) => `s${index}`);
  const outcomes = await Promise.allSettled(
    names.map((name) => client.create(Secret, { metadata: { namespace: "default", name } })),
  );
  const refused = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
  assert.equal(refused.length, 33);
  assert.ok(
    refused.every((error) => hasReason(error, "Forbidden") && /^secrets "s\d+" is forbidden/.test(error.message)),
  );
  await usedOf(client, (used) => used.secrets === "7");
  const made = names.filter((_, index) => outcomes[index]?.status === "fulfilled");
  await Promise.all(made.map((name) => client.delete(Secret, { namespace: "default", name })));
  await usedOf(client, (used) => used.secrets === "0");
});

test("custom resources are counted by their name and group", async () => {
  await using cluster = await startCluster();
  const client = new KubeClient(cluster.inProcess);
  await client.create(CustomResourceDefinition, widgetDefinition);
  await makeQuota(client, { "count/widgets.example.dev": "1" });
  const widget = (name: string): Parameters<typeof client.create>[1] => ({
    metadata: { namespace: "default", name },
    ...{ spec: { size: 1 } },
  });
  await client.create(Widget, widget("a"));
  await assert.rejects(client.create(Widget, widget("b")), {
    message:
      'widgets.example.dev "b" is forbidden: exceeded quota: q, requested: count/widgets.example.dev=1, used: count/widgets.example.dev=1, limited: count/widgets.example.dev=1',
  });
  await client.delete(Widget, { namespace: "default", name: "a" });
  await usedOf(client, (used) => used["count/widgets.example.dev"] === "0");
  await client.create(Widget, widget("b"));
});

test("a server that starts counts again", async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), "slipway-quota-"));
  t.after(() => rm(dataDir, { recursive: true, force: true }));
  const store = memoryStore();
  const first = await startApiServer({ store, dataDir, port: 0, controllers: false });
  const before = new KubeClient(first.transport());
  await before.create(ConfigMap, { metadata: { namespace: "default", name: "a" } });
  await before.create(ResourceQuota, { metadata: AT, spec: { hard: { "count/configmaps": "9" } } });
  await first.close();
  const second = await startApiServer({ store, dataDir, port: 0 });
  t.after(() => second.close());
  // the server's own certificate authority is in a ConfigMap as well
  await usedOf(new KubeClient(second.transport()), (used) => used["count/configmaps"] === "2");
});
