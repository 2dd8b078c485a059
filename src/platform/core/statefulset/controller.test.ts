import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type * as k8s from "#api/builtin/types.gen.ts";
import { runPass } from "#engine/controller/testkit.ts";
import { REVISION_LABEL } from "../revisions.ts";
import { statefulSetController } from "./controller.ts";

const now = new Date("2026-01-01T01:00:00Z");
const labels = { app: "db" };
const owner = { apiVersion: "apps/v1", kind: "StatefulSet", name: "db", uid: "s1", controller: true };
const OLD = "db-old";
const NEW = "db-new";

function template(image: string): k8s.PodTemplateSpec {
  return { metadata: { labels } as never, spec: { containers: [{ name: "c", image }] } };
}

function statefulSet(
  spec: Partial<k8s.StatefulSetSpec> = {},
  status?: Partial<k8s.StatefulSetStatus>,
): k8s.StatefulSet {
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "db", namespace: "default", uid: "s1", generation: 3 },
    spec: { replicas: 3, serviceName: "peers", selector: { matchLabels: labels }, template: template("new"), ...spec },
    status: { replicas: 0, currentRevision: NEW, ...status },
  };
}

function revision(name: string, number: number, image: string): k8s.ControllerRevision {
  return {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: { name, namespace: "default", uid: name, ownerReferences: [owner] },
    data: { spec: { template: { ...template(image), $patch: "replace" } } },
    revision: number,
  };
}

type PodOptions = { revision?: string; ready?: boolean; phase?: string; deleted?: boolean; since?: string };

function pod(ordinal: number, options: PodOptions = {}): k8s.Pod {
  const { revision: at = NEW, ready = true, phase = "Running", deleted, since = "2026-01-01T00:00:00Z" } = options;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: `db-${ordinal}`,
      namespace: "default",
      uid: `p${ordinal}`,
      labels: { ...labels, [REVISION_LABEL]: at },
      ownerReferences: [owner],
      ...(deleted && { deletionTimestamp: "2026-01-01T00:00:00Z" }),
    },
    spec: { containers: [] },
    status: { phase, conditions: [{ type: "Ready", status: ready ? "True" : "False", lastTransitionTime: since }] },
  };
}

const settledWorld = [revision(NEW, 1, "new")];
const rolling = [revision(OLD, 1, "old"), revision(NEW, 2, "new")];

async function pass(set: k8s.StatefulSet, revisions: object[], ...others: object[]) {
  const result = await runPass(statefulSetController(), {
    world: [set, ...revisions, ...others],
    key: "default/db",
    now,
  });
  const writes = result.writes.map(({ verb, key, object }) => {
    const at = (object as k8s.Pod | undefined)?.metadata?.labels?.[REVISION_LABEL];
    return `${verb} ${key.replace(" default/", " ")}${at ? ` ${at}` : ""}`;
  });
  return {
    ...result,
    writes,
    drafts: result.writes.map(({ object }) => object),
    status: result.status as never as k8s.StatefulSetStatus,
  };
}

describe("a StatefulSet", () => {
  test("starts with a revision and its first pod, which has a stable identity", async () => {
    const { writes, drafts, status, events } = await pass(statefulSet(), []);
    const made = drafts[1] as k8s.Pod;
    const name = (drafts[0] as k8s.ControllerRevision).metadata.name;
    assert.match(name, /^db-[bcdfghjklmnpqrstvwxz2456789]+$/);
    assert.deepEqual(writes, [`create ControllerRevision ${name}`, `create Pod db-0 ${name}`]);
    assert.deepEqual([made.spec.hostname, made.spec.subdomain], ["db-0", "peers"]);
    assert.deepEqual(made.metadata.labels, {
      app: "db",
      "statefulset.kubernetes.io/pod-name": "db-0",
      "apps.kubernetes.io/pod-index": "0",
      [REVISION_LABEL]: name,
    });
    assert.deepEqual([status.replicas, status.currentRevision, status.updateRevision], [1, name, name]);
    assert.deepEqual(events, ["Normal SuccessfulCreate Create Pod db-0 in StatefulSet db successful"]);
  });

  test("scales in order, or all at once", async () => {
    const parallel = { podManagementPolicy: "Parallel" };
    const rows: [string, k8s.StatefulSet, k8s.Pod[], string[]][] = [
      ["the next when the others are ready", statefulSet(), [pod(0)], [`create Pod db-1 ${NEW}`]],
      ["waits for the one before", statefulSet(), [pod(0, { ready: false })], []],
      ["waits for one that ends", statefulSet(), [pod(0, { deleted: true })], []],
      ["minReadySeconds", statefulSet({ minReadySeconds: 7200 }), [pod(0)], []],
      ["fills a gap first", statefulSet(), [pod(0), pod(2)], [`create Pod db-1 ${NEW}`]],
      ["ordinals", statefulSet({ replicas: 1, ordinals: { start: 5 } }), [], [`create Pod db-5 ${NEW}`]],
      [
        "all at once",
        statefulSet(parallel),
        [pod(0, { ready: false })],
        [`create Pod db-1 ${NEW}`, `create Pod db-2 ${NEW}`],
      ],
      [
        "a failed pod makes room for itself",
        statefulSet(),
        [pod(0, { phase: "Failed", ready: false })],
        ["delete Pod db-0"],
      ],
      ["down from the highest", statefulSet({ replicas: 1 }), [pod(0), pod(1), pod(2)], ["delete Pod db-2"]],
      ["one after the other", statefulSet({ replicas: 1 }), [pod(0), pod(1), pod(2, { deleted: true })], []],
      ["not while a lower one is ill", statefulSet({ replicas: 1 }), [pod(0, { ready: false }), pod(1), pod(2)], []],
      [
        "down at once",
        statefulSet({ ...parallel, replicas: 1 }),
        [pod(0), pod(1), pod(2)],
        ["delete Pod db-2", "delete Pod db-1"],
      ],
    ];
    for (const [why, set, pods, expected] of rows)
      assert.deepEqual((await pass(set, settledWorld, ...pods)).writes, expected, why);
  });

  test("rolls from the highest ordinal to the partition", async () => {
    const old = { revision: OLD };
    const status = { currentRevision: OLD };
    const partition = (value: number) => ({
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: value } },
    });
    const rows: [string, k8s.StatefulSet, k8s.Pod[], string[]][] = [
      ["the highest first", statefulSet({}, status), [pod(0, old), pod(1, old), pod(2, old)], ["delete Pod db-2"]],
      ["comes back new", statefulSet({}, status), [pod(0, old), pod(1, old)], [`create Pod db-2 ${NEW}`]],
      ["waits until it is ready", statefulSet({}, status), [pod(0, old), pod(1, old), pod(2, { ready: false })], []],
      ["then the next", statefulSet({}, status), [pod(0, old), pod(1, old), pod(2)], ["delete Pod db-1"]],
      ["down to the partition", statefulSet(partition(2), status), [pod(0, old), pod(1, old), pod(2)], []],
      [
        "below it pods come back old",
        statefulSet(partition(2), status),
        [pod(0, old), pod(2)],
        [`create Pod db-1 ${OLD}`],
      ],
      [
        "never with OnDelete",
        statefulSet({ updateStrategy: { type: "OnDelete" } }, status),
        [pod(0, old), pod(1, old), pod(2, old)],
        [],
      ],
      [
        "several at once",
        statefulSet({ updateStrategy: { rollingUpdate: { maxUnavailable: 2 } } }, status),
        [pod(0, old), pod(1, old), pod(2, old)],
        ["delete Pod db-2", "delete Pod db-1"],
      ],
      [
        "a pod of a rollout that was given up goes",
        statefulSet({}, status),
        [pod(0, old), pod(1, old), pod(2, { revision: "db-broken", ready: false })],
        ["delete Pod db-2"],
      ],
    ];
    for (const [why, set, pods, expected] of rows)
      assert.deepEqual((await pass(set, rolling, ...pods)).writes, expected, why);
    const done = await pass(statefulSet({}, status), rolling, pod(0), pod(1), pod(2));
    assert.deepEqual(
      [done.status.currentRevision, done.status.currentReplicas, done.status.updatedReplicas],
      [NEW, 3, 3],
    );
  });

  test("going back to an old template makes its revision the newest", async () => {
    const { writes, drafts, status } = await pass(
      statefulSet({ template: template("old") }),
      rolling,
      pod(0),
      pod(1),
      pod(2),
    );
    assert.deepEqual(writes, [`patch ControllerRevision ${OLD}`, "delete Pod db-2"]);
    assert.deepEqual(drafts[0], { revision: 3 });
    assert.equal(status.updateRevision, OLD);
  });

  test("keeps as many old revisions as it is told to", async () => {
    const old = [1, 2, 3].map((number) => revision(`db-${number}x`, number, `image${number}`));
    const set = statefulSet({ revisionHistoryLimit: 1 });
    const { writes } = await pass(set, [...old, revision(NEW, 4, "new")], pod(0), pod(1), pod(2));
    assert.deepEqual(writes, ["delete ControllerRevision db-1x", "delete ControllerRevision db-2x"]);
  });

  test("makes claims and then the pods that use them", async () => {
    const claim = {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: "data" },
      spec: { accessModes: ["ReadWriteOnce"] },
    };
    const set = statefulSet({ volumeClaimTemplates: [claim] });
    const first = await pass(set, settledWorld);
    assert.deepEqual(first.writes, ["apply PersistentVolumeClaim data-db-0", `create Pod db-0 ${NEW}`]);
    assert.deepEqual((first.drafts[1] as k8s.Pod).spec.volumes, [
      { name: "data", persistentVolumeClaim: { claimName: "data-db-0" } },
    ]);
    assert.equal(first.events[0], "Normal SuccessfulCreate Create Claim data-db-0 Pod db-0 in StatefulSet db success");
  });

  test("claims go with what the retention policy says", async () => {
    const volumeClaimTemplates = [{ metadata: { name: "data" }, spec: { accessModes: ["ReadWriteOnce"] } }] as never;
    const claim = {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: "data-db-1", namespace: "default" },
    };
    const ownersAfter = async (policy: object): Promise<string[] | undefined> => {
      const set = statefulSet({ replicas: 1, volumeClaimTemplates, persistentVolumeClaimRetentionPolicy: policy });
      const { writes, drafts } = await pass(set, settledWorld, claim, pod(0), pod(1));
      const at = writes.indexOf("patch PersistentVolumeClaim data-db-1");
      return (drafts[at] as k8s.PersistentVolumeClaim | undefined)?.metadata.ownerReferences?.map(({ kind }) => kind);
    };
    assert.equal(await ownersAfter({ whenDeleted: "Retain", whenScaled: "Retain" }), undefined);
    assert.deepEqual(await ownersAfter({ whenDeleted: "Delete", whenScaled: "Retain" }), ["StatefulSet"]);
    assert.deepEqual(await ownersAfter({ whenDeleted: "Retain", whenScaled: "Delete" }), ["Pod"]);
    assert.deepEqual(await ownersAfter({ whenDeleted: "Delete", whenScaled: "Delete" }), ["Pod"]);
  });
});
