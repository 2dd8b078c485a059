import assert from "node:assert/strict";
import { test } from "node:test";
import { CronJob, Event, Job, Pod } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import type { KubeClient } from "#ports/kube/client.ts";
import { eventually } from "../compat/cluster.ts";
import { startWorld } from "./world.ts";

const namespace = "default";

function draft(name: string, command: string[], spec: Partial<k8s.JobSpec> = {}) {
  const containers = [{ name: "c", image: "i", command }];
  return {
    metadata: { name, namespace },
    spec: { template: { spec: { restartPolicy: "Never", containers } }, ...spec },
  };
}

function ended(client: KubeClient, name: string, type: string): Promise<k8s.Job> {
  return eventually(async () => {
    const job = await client.get(Job, name, namespace);
    return job?.status?.conditions?.some((c) => c.type === type && c.status === "True") ? job : undefined;
  });
}

test("an Indexed Job runs each index once and counts it, also when the controllers restart in between", async () => {
  await using world = await startWorld();
  const { client, kubelet } = world;
  await client.create(Job, draft("sum", ["exit", "0"], { completionMode: "Indexed", completions: 30, parallelism: 7 }));
  for (let i = 0; i < 3; i++) {
    await eventually(async () => kubelet.created.size > i * 8);
    await world.restart();
  }
  const job = await ended(client, "sum", "Complete");
  const { succeeded, failed, active, completedIndexes, uncountedTerminatedPods } = job.status ?? {};
  assert.deepEqual([succeeded, failed, active, completedIndexes], [30, undefined, undefined, "0-29"]);
  assert.deepEqual(uncountedTerminatedPods, {});
  assert.equal(kubelet.created.size, 30);
  const pods = (await client.list(Pod, { namespace })).items;
  assert.ok(pods.every(({ metadata }) => (metadata.finalizers ?? []).length === 0));
  assert.deepEqual(
    pods
      .map(({ metadata }) => Number(metadata.labels?.["batch.kubernetes.io/job-completion-index"]))
      .sort((a, b) => a - b),
    Array.from({ length: 30 }, (_, at) => at),
  );
  const events = (await client.list(Event, { namespace })).items;
  const made = events.filter(({ reason }) => reason === "SuccessfulCreate");
  assert.ok(made.some(({ message }) => message?.startsWith("(combined from similar events): Created pod: ")));
});

test("a Job that fails takes its running pods along; deleted, it leaves nothing behind", async () => {
  await using world = await startWorld();
  const { client } = world;
  const rule = { action: "FailJob", onExitCodes: { operator: "In", values: [42] } };
  await client.create(Job, draft("slow", ["run"], { parallelism: 2, completions: 2 }));
  await client.create(Job, draft("bad", ["exit", "42"], { podFailurePolicy: { rules: [rule] } }));
  const bad = await ended(client, "bad", "Failed");
  assert.equal(bad.status?.conditions?.at(-1)?.reason, "PodFailurePolicy");
  assert.equal(bad.status?.failed, 1);
  await eventually(async () => (await client.get(Job, "slow", namespace))?.status?.ready === 2);
  for (const name of ["slow", "bad"]) await client.delete(Job, { name, namespace });
  await eventually(async () => (await client.list(Pod, { namespace })).items.length === 0);
  assert.equal((await client.list(Job, { namespace })).items.length, 0);
});

test("suspend takes the pods away without counting them, resume brings them back", async () => {
  await using world = await startWorld();
  const { client } = world;
  await client.create(Job, draft("work", ["run"], { parallelism: 2, completions: 4 }));
  await eventually(async () => (await client.get(Job, "work", namespace))?.status?.ready === 2);
  const suspend = (value: boolean) =>
    client.patch(Job, { name: "work", namespace }, { type: "merge", body: { spec: { suspend: value } } });
  await suspend(true);
  await eventually(async () => (await client.list(Pod, { namespace })).items.length === 0);
  const stopped = await client.get(Job, "work", namespace);
  assert.deepEqual([stopped?.status?.failed, stopped?.status?.startTime], [undefined, undefined]);
  await suspend(false);
  await eventually(async () => (await client.get(Job, "work", namespace))?.status?.ready === 2);
});

test("a Job with ttlSecondsAfterFinished 0 goes when it is over", async () => {
  await using world = await startWorld();
  const { client, kubelet } = world;
  await client.create(Job, draft("brief", ["exit", "0"], { ttlSecondsAfterFinished: 0 }));
  await eventually(async () => kubelet.created.size === 1);
  await eventually(async () => (await client.get(Job, "brief", namespace)) === undefined);
});

test("a CronJob runs, also across restarts of the controllers, and each time once", async () => {
  await using world = await startWorld();
  const { client } = world;
  const { spec } = draft("", ["exit", "0"]);
  await client.create(CronJob, {
    metadata: { name: "tick", namespace },
    spec: { schedule: "@every 1s", successfulJobsHistoryLimit: 20, jobTemplate: { spec } },
  });
  for (let runs = 1; runs <= 3; runs++) {
    await eventually(
      async () => (await client.get(CronJob, "tick", namespace))?.status?.lastScheduleTime !== undefined,
    );
    await world.restart();
  }
  const jobs = (await client.list(Job, { namespace })).items;
  assert.equal(jobs.length, 1, "runs within the same minute share a name, and a name runs once");
  await ended(client, jobs[0]?.metadata.name ?? "", "Complete");
});

test("a Job that an earlier version holds by its finalizer goes when it is deleted", async () => {
  await using world = await startWorld();
  const { client } = world;
  const { metadata, spec } = draft("old", ["exit", "0"]);
  await client.create(Job, { metadata: { ...metadata, finalizers: ["slipway.dev/core-job"] }, spec });
  await ended(client, "old", "Complete");
  await client.delete(Job, { name: "old", namespace });
  await eventually(async () => (await client.get(Job, "old", namespace)) === undefined);
});
