/** A node that only pretends: pods that appear run at once, and end as their containers' command says. */
import { Pod } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { keyOf } from "#api/meta.ts";
import type { ObjectCache } from "#engine/controller/cache.ts";
import { hasReason } from "#kit/status.ts";
import { pathOf } from "#ports/kube/client.ts";

const NODE = "pretend";

/** Commands: `run` stays, `exit N` ends with that code. */
export type Kubelet = { created: Map<string, number>; close(): void; idle(): Promise<void> };

/** Starts it on a cache; `created` counts the pods that it has seen, by name. */
export function startKubelet(cache: ObjectCache): Kubelet {
  const created = new Map<string, number>();
  const started = new Set<string>();
  const open = new Set<Promise<void>>();
  const follow = (work: Promise<void>): void => {
    const done = work.catch(ignoreGone).finally(() => open.delete(done));
    open.add(done);
  };
  const stop = cache.informer(Pod).subscribe(({ type, object }) => {
    const { metadata } = object;
    if (type === "DELETED") return;
    if (metadata.deletionTimestamp && object.spec.nodeName) follow(end(cache, object));
    if (metadata.deletionTimestamp || started.has(metadata.uid ?? "")) return;
    started.add(metadata.uid ?? "");
    created.set(metadata.name, (created.get(metadata.name) ?? 0) + 1);
    follow(run(cache, object));
  });
  return {
    created,
    close: stop,
    idle: async () => {
      while (open.size > 0) await Promise.all(open);
    },
  };
}

function ignoreGone(error: unknown): void {
  if (!hasReason(error, "NotFound")) throw error;
}

async function run(cache: ObjectCache, { metadata, spec }: k8s.Pod): Promise<void> {
  const target = { name: metadata.name, namespace: metadata.namespace };
  await cache.client.transport.request({
    method: "POST",
    path: pathOf(Pod, metadata.namespace, metadata.name, "binding"),
    body: { metadata: target, target: { kind: "Node", name: NODE } },
  });
  const [verb, argument] = spec.containers[0]?.command ?? ["run"];
  const running = verb === "run";
  const exitCode = Number(argument ?? 0);
  const phase = running ? "Running" : exitCode === 0 ? "Succeeded" : "Failed";
  const finishedAt = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  const status = {
    phase,
    podIP: "10.0.0.1",
    conditions: [{ type: "Ready", status: running ? "True" : "False", lastTransitionTime: finishedAt }],
    ...(!running && {
      containerStatuses: spec.containers.map(({ name }) => ({
        ...{ name, ready: false, restartCount: 0, image: "", imageID: "" },
        state: { terminated: { exitCode, finishedAt } },
      })),
    }),
  };
  await cache.client.patch(Pod, target, { type: "merge", body: { status } }, { subresource: "status" });
}

async function end(cache: ObjectCache, pod: k8s.Pod): Promise<void> {
  const target = { name: pod.metadata.name, namespace: pod.metadata.namespace };
  if (cache.informer(Pod).get(...(keyOf(pod).split("/").reverse() as [string, string]))?.status?.phase === "Running") {
    const body = { status: { phase: "Failed" } };
    await cache.client.patch(Pod, target, { type: "merge", body }, { subresource: "status" });
  }
  await cache.client.delete(Pod, target, { gracePeriodSeconds: 0 });
}
