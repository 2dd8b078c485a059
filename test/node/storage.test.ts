import assert from "node:assert/strict";
import { access, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { PersistentVolume, PersistentVolumeClaim, StatefulSet, StorageClass } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { runControllers } from "#engine/controller/run.ts";
import { coreControllers } from "#platform/core/index.ts";
import { eventually } from "../compat/cluster.ts";
import { isReady, NAMESPACE, startWorld, type World } from "./world.ts";

/** A world with the controllers of volumes and workloads, and the usual storage class. */
async function startStorage(stack: AsyncDisposableStack, binding = "WaitForFirstConsumer"): Promise<World> {
  const world = stack.use(await startWorld());
  const running = runControllers(world.cache, coreControllers());
  stack.defer(() => running.close());
  await world.client.create(StorageClass, {
    metadata: { name: "local", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
    provisioner: "slipway.dev/local",
    reclaimPolicy: "Delete",
    volumeBindingMode: binding,
  });
  return world;
}

const spec = {
  accessModes: ["ReadWriteOnce"],
  resources: { requests: { storage: "1Gi" } },
};

async function claimOf({ client }: World, name: string): Promise<k8s.PersistentVolumeClaim | undefined> {
  return await client.get(PersistentVolumeClaim, name, NAMESPACE);
}

async function bound(world: World, name: string): Promise<k8s.PersistentVolume> {
  return await eventually(async () => {
    const claim = await claimOf(world, name);
    if (claim?.status?.phase !== "Bound") return undefined;
    const volume = await world.client.get(PersistentVolume, claim.spec?.volumeName ?? "");
    return volume?.status?.phase === "Bound" && volume;
  });
}

const mounted = { volumeMounts: [{ name: "data", mountPath: "/data" }] };
const using = (claimName: string) => ({ volumes: [{ name: "data", persistentVolumeClaim: { claimName } }] });

test("a StatefulSet's claims get directories of the node, which outlive pods and go with the claim", async () => {
  await using stack = new AsyncDisposableStack();
  const world = await startStorage(stack);
  const labels = { app: "db" };
  await world.client.create(StatefulSet, {
    metadata: { name: "db", namespace: NAMESPACE },
    spec: {
      serviceName: "db",
      selector: { matchLabels: labels },
      template: {
        metadata: { labels } as never,
        spec: { containers: [{ name: "c", image: "app:1", ...mounted }] },
      },
      volumeClaimTemplates: [{ metadata: { name: "data" }, spec } as never],
    },
  });
  const first = await world.seen("db-0", isReady);
  const volume = await bound(world, "data-db-0");
  const path = volume.spec?.local?.path ?? "";
  assert.deepEqual([volume.spec?.capacity?.storage, volume.spec?.storageClassName], ["1Gi", "local"]);
  assert.equal((await claimOf(world, "data-db-0"))?.status?.capacity?.storage, "1Gi");
  assert.equal(world.container("db-0").spec.mounts.find(({ target }) => target === "/data")?.source, path);
  await writeFile(join(path, "kept"), "");

  await world.client.delete(world.pods, first.metadata, { gracePeriodSeconds: 1 });
  await world.seen("db-0", (pod) => isReady(pod) && pod?.metadata.uid !== first.metadata.uid);
  await access(join(path, "kept"));

  await world.client.delete(PersistentVolumeClaim, { name: "data-db-0", namespace: NAMESPACE });
  const held = await claimOf(world, "data-db-0");
  assert.deepEqual(held?.metadata.finalizers, ["kubernetes.io/pvc-protection"]);
  await world.client.delete(StatefulSet, { name: "db", namespace: NAMESPACE });
  await eventually(async () => !(await world.client.get(PersistentVolume, volume.metadata.name)));
  assert.equal(await claimOf(world, "data-db-0"), undefined);
  await assert.rejects(access(path));
});

test("a claim is bound at once when its class says so, and keeps its data with Retain", async () => {
  await using stack = new AsyncDisposableStack();
  const world = await startStorage(stack, "Immediate");
  await world.client.create(PersistentVolumeClaim, { metadata: { name: "now", namespace: NAMESPACE }, spec } as never);
  const { metadata, spec: made } = await bound(world, "now");
  const body = { spec: { persistentVolumeReclaimPolicy: "Retain" } };
  await world.client.patch(PersistentVolume, metadata, { type: "merge", body });
  await world.client.delete(PersistentVolumeClaim, { name: "now", namespace: NAMESPACE });
  const phase = async () => (await world.client.get(PersistentVolume, metadata.name))?.status?.phase;
  await eventually(async () => (await phase()) === "Released");
  await access(made?.local?.path ?? "");
});

test("a pod waits for its claim, and a claim for a volume that somebody makes by hand", async () => {
  await using stack = new AsyncDisposableStack();
  const world = await startStorage(stack);
  await world.create("patient", mounted, using("manual"));
  const refused = await world.seen("patient", (pod) => pod?.status?.conditions?.[0]?.reason === "Unschedulable");
  assert.equal(
    refused.status?.conditions?.[0]?.message,
    '0/1 nodes are available: persistentvolumeclaim "manual" not found.',
  );
  const metadata = { name: "manual", namespace: NAMESPACE };
  await world.client.create(PersistentVolumeClaim, { metadata, spec: { ...spec, storageClassName: "" } } as never);
  await world.seen("patient", (pod) => /unbound immediate/.test(pod?.status?.conditions?.[0]?.message ?? ""));
  const volumes = [
    ["small", "500Mi"],
    ["large", "5Gi"],
    ["medium", "2Gi"],
  ] as const;
  for (const [name, storage] of volumes)
    await world.client.create(PersistentVolume, {
      metadata: { name },
      spec: {
        accessModes: ["ReadWriteOnce", "ReadOnlyMany"],
        capacity: { storage },
        persistentVolumeReclaimPolicy: "Retain",
        hostPath: { path: join(world.cluster.folder, name), type: "DirectoryOrCreate" },
      },
    } as never);
  await world.seen("patient", isReady);
  const chosen = (await claimOf(world, "manual"))?.spec?.volumeName;
  assert.ok(chosen === "medium" || chosen === "large", `${chosen} is large enough`);
  assert.equal((await world.client.get(PersistentVolume, "small"))?.status?.phase, "Available");
});

test("an ephemeral volume gets a claim of its own, which goes with the pod", async () => {
  await using stack = new AsyncDisposableStack();
  const world = await startStorage(stack);
  const volumes = [{ name: "data", ephemeral: { volumeClaimTemplate: { spec } } }];
  const pod = await world.create("brief", mounted, { volumes } as never);
  await world.seen("brief", isReady);
  const claim = await claimOf(world, "brief-data");
  assert.equal(claim?.metadata.ownerReferences?.[0]?.uid, pod.metadata.uid);
  await world.client.delete(world.pods, pod.metadata, { gracePeriodSeconds: 1 });
  await eventually(async () => !(await claimOf(world, "brief-data")));
});
