import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type * as k8s from "#api/builtin/types.gen.ts";
import { runPass } from "#engine/controller/testkit.ts";
import { deploymentController } from "./controller.ts";
import { newSetName } from "./replica-sets.ts";

const now = new Date("2026-01-01T00:00:00Z");
const labels = { app: "web" };

function deployment(spec: Partial<k8s.DeploymentSpec> = {}, status?: k8s.DeploymentStatus): k8s.Deployment {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      name: "web",
      namespace: "default",
      uid: "d1",
      generation: 2,
      annotations: { "deployment.kubernetes.io/revision": "1" },
    },
    spec: {
      replicas: 3,
      selector: { matchLabels: labels },
      template: templateOf("two"),
      ...spec,
    },
    ...(status && { status }),
  };
}

function templateOf(image: string): k8s.PodTemplateSpec {
  return { metadata: { labels } as never, spec: { containers: [{ name: "c", image }] } };
}

type SetOptions = {
  name?: string;
  image?: string;
  replicas: number;
  available?: number;
  revision?: number;
  desired?: number;
};

function replicaSet({
  name = "web-old",
  image = "one",
  replicas,
  available = replicas,
  revision = 1,
  desired = 3,
}: SetOptions) {
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name,
      namespace: "default",
      uid: name,
      labels,
      creationTimestamp: "2025-01-01T00:00:00Z",
      annotations: {
        "deployment.kubernetes.io/revision": String(revision),
        "deployment.kubernetes.io/desired-replicas": String(desired),
        "deployment.kubernetes.io/max-replicas": String(desired + 1),
      },
      ownerReferences: [{ apiVersion: "apps/v1", kind: "Deployment", name: "web", uid: "d1", controller: true }],
    },
    spec: { replicas, selector: { matchLabels: labels }, template: templateOf(image) },
    status: { replicas, readyReplicas: available, availableReplicas: available },
  };
}

async function pass(world: object[]) {
  return await runPass(deploymentController(), { world, key: "default/web", now });
}

const sizes = (writes: readonly { verb: string; key: string; object?: unknown }[]): string[] =>
  writes.map(({ verb, key, object }) => {
    const replicas = (object as { spec?: { replicas?: number } } | undefined)?.spec?.replicas;
    return `${verb} ${key}${replicas === undefined ? "" : `=${replicas}`}`;
  });

describe("a Deployment", () => {
  test("makes a ReplicaSet named after its template", async () => {
    const subject = deployment();
    const { writes, events, status } = await pass([subject]);
    const name = newSetName(subject);
    assert.match(name, /^web-[bcdfghjklmnpqrstvwxz2456789]+$/);
    assert.deepEqual(sizes(writes), [`apply ReplicaSet default/${name}=3`]);
    const set = writes[0]?.object as k8s.ReplicaSet;
    const hash = name.slice("web-".length);
    assert.deepEqual(set.spec.selector.matchLabels, { ...labels, "pod-template-hash": hash });
    assert.deepEqual(set.spec.template?.metadata?.labels, { ...labels, "pod-template-hash": hash });
    assert.equal(set.metadata.annotations?.["deployment.kubernetes.io/desired-replicas"], "3");
    assert.deepEqual(events, [`Normal ScalingReplicaSet Scaled up replica set ${name} from 0 to 3`]);
    const progressing = status.conditions?.find(({ type }) => type === "Progressing");
    assert.equal(progressing?.reason, "NewReplicaSetCreated");
  });

  test("rolls: the new set gets one more revision and as many pods as the surge allows", async () => {
    const { writes } = await pass([deployment(), replicaSet({ replicas: 3 })]);
    assert.equal((writes[0]?.object as k8s.ReplicaSet | undefined)?.spec.replicas, 1);
    assert.equal(
      (writes[0]?.object as k8s.ReplicaSet | undefined)?.metadata.annotations?.["deployment.kubernetes.io/revision"],
      "2",
    );
    assert.deepEqual(writes[1], {
      verb: "patch",
      key: "Deployment default/web",
      object: { metadata: { annotations: { "deployment.kubernetes.io/revision": "2" } } },
    });
  });

  test("takes an old one away for each new one that is available", async () => {
    const fresh = replicaSet({ name: "web-new", image: "two", replicas: 1, revision: 2 });
    const { writes, events } = await pass([
      deployment({ strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } }),
      replicaSet({ replicas: 3 }),
      fresh,
    ]);
    assert.deepEqual(sizes(writes).slice(0, 1), ["patch ReplicaSet default/web-old=2"]);
    assert.deepEqual(events, ["Normal ScalingReplicaSet Scaled down replica set web-old from 3 to 2"]);
  });

  test("Recreate waits until the old pods are gone, those that end included", async () => {
    const recreate = deployment({ strategy: { type: "Recreate" } });
    const first = await pass([recreate, replicaSet({ replicas: 3 })]);
    assert.deepEqual(sizes(first.writes), ["patch ReplicaSet default/web-old=0"]);
    const ending = replicaSet({ replicas: 0 });
    const world = [recreate, { ...ending, status: { replicas: 0, terminatingReplicas: 1 } }];
    assert.deepEqual((await pass(world)).writes, []);
    const last = await pass([recreate, ending]);
    assert.deepEqual(sizes(last.writes).slice(0, 1), [`apply ReplicaSet default/${newSetName(recreate)}=3`]);
  });

  test("a new scale reaches the only set at once", async () => {
    const world = [deployment({ replicas: 0, template: templateOf("one") }), replicaSet({ replicas: 3 })];
    assert.deepEqual(sizes((await pass(world)).writes), ["patch ReplicaSet default/web-old=0"]);
    const back = [deployment({ replicas: 1, template: templateOf("one") }), replicaSet({ replicas: 0, desired: 0 })];
    assert.deepEqual(sizes((await pass(back)).writes), ["patch ReplicaSet default/web-old=1"]);
  });

  test("paused: scales, but does not roll", async () => {
    const { writes, status } = await pass([deployment({ paused: true, replicas: 5 }), replicaSet({ replicas: 3 })]);
    assert.deepEqual(sizes(writes), ["patch ReplicaSet default/web-old=5"]);
    assert.equal(status.conditions?.find(({ type }) => type === "Progressing")?.reason, "DeploymentPaused");
  });

  test("is complete when everything is new and available, then forgets the oldest revisions", async () => {
    const subject = deployment({ revisionHistoryLimit: 1 });
    const old = [1, 2].map((revision) =>
      replicaSet({ name: `web-${revision}`, image: `old${revision}`, replicas: 0, revision }),
    );
    const world = [subject, ...old, replicaSet({ name: "web-new", image: "two", replicas: 3, revision: 3 })];
    const { writes, status } = await pass(world);
    assert.ok(sizes(writes).includes("delete ReplicaSet default/web-1"));
    assert.ok(!sizes(writes).includes("delete ReplicaSet default/web-2"));
    assert.deepEqual(
      status.conditions?.map(({ type, status: value, reason }) => [type, value, reason]),
      [
        ["Available", "True", "MinimumReplicasAvailable"],
        ["Progressing", "True", "NewReplicaSetAvailable"],
      ],
    );
    assert.deepEqual(
      [status.replicas, status.updatedReplicas, status.availableReplicas, status.unavailableReplicas],
      [3, 3, 3, undefined],
    );
  });

  test("says so when nothing moves before the deadline", async () => {
    const lastUpdateTime = "2025-12-31T23:58:00Z";
    const progressing = { type: "Progressing", status: "True", reason: "ReplicaSetUpdated", lastUpdateTime };
    const counts = { replicas: 4, updatedReplicas: 1, readyReplicas: 3, availableReplicas: 3 };
    const subject = deployment({ progressDeadlineSeconds: 60 }, { conditions: [progressing], ...counts });
    const stuck = replicaSet({ name: "web-new", image: "two", replicas: 1, available: 0, revision: 2 });
    const { status } = await pass([subject, replicaSet({ replicas: 3 }), stuck]);
    const condition = status.conditions?.find(({ type }) => type === "Progressing");
    assert.equal(condition?.reason, "ProgressDeadlineExceeded");
    assert.equal(condition?.message, 'ReplicaSet "web-new" has timed out progressing.');
  });

  test("at rest it looks at nothing", async () => {
    const status = {
      replicas: 0,
      observedGeneration: 2,
      conditions: [{ type: "Progressing", reason: "NewReplicaSetAvailable" }],
    };
    const { writes, outcome } = await pass([deployment({ replicas: 0 }, status)]);
    assert.deepEqual([writes, outcome.status], [[], undefined]);
  });

  test("does not touch a ReplicaSet that belongs to somebody else", async () => {
    const subject = deployment();
    const foreign = replicaSet({ name: newSetName(subject), replicas: 3 });
    const owner = { apiVersion: "apps/v1", kind: "Deployment", name: "other", uid: "d2", controller: true };
    const { writes, status } = await pass([
      subject,
      { ...foreign, metadata: { ...foreign.metadata, ownerReferences: [owner] } },
    ]);
    assert.deepEqual(writes, []);
    assert.equal(status.collisionCount, 1);
  });
});
