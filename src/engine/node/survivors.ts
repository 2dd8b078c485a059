/** Containers of an earlier run of the program: which pods they belong to, until those take them over. */
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Pod } from "#api/builtin/types.gen.ts";
import type { NetworkAttachment, PodNetwork } from "#ports/sandbox/network/network.ts";
import type { Survivor } from "#ports/sandbox/runtime.ts";
import { containersOf, isTerminal, type KnownInstance } from "./plan/observation.ts";

/** A survivor as the container of a pod; `instance` counts from 0. */
export type SurvivingInstance = Survivor & { instance: number };

/** The name under which a runtime knows an instance of a container of a pod. */
export function containerId(podUid: string, container: string, instance: number): string {
  return createHash("sha256").update(`${podUid}/${container}/${instance}`).digest("hex");
}

/** The name of the process that holds the namespace of a pod's processes: no container can have it. */
export const FIRST_PROCESS = "";

/** How long a container gets whose pod is gone. */
const FORCED_GRACE_MS = 1_000;

/** Ends a container that no pod takes over, and removes it. */
export async function endSurvivor(container: Survivor["container"]): Promise<void> {
  const limit = new AbortController();
  container.kill("SIGTERM");
  await Promise.race([container.exited, sleep(FORCED_GRACE_MS, undefined, { signal: limit.signal }).catch(() => {})]);
  limit.abort();
  await container.remove();
}

export class Survivors {
  private readonly byPod = new Map<string, ReadonlyMap<string, SurvivingInstance>>();

  /**
   * Keeps those that belong to one of the pods and whose network is still there; returns the others. Pods that have ended
   * have no use for them, and neither have those that already know how theirs ended.
   */
  async match(survivors: readonly Survivor[], pods: readonly Pod[], network: PodNetwork): Promise<Survivor[]> {
    const byId = new Map(survivors.map((survivor) => [survivor.spec.id, survivor]));
    const matched = new Map(pods.filter(isOfUse).map((pod) => [pod, instancesOf(pod, byId)]));
    const attachments = [...matched].flatMap(([pod, instances]) => attachmentOf(pod, instances));
    const connected = await network.adopt(new Map(attachments));
    const kept = new Set<Survivor["container"]>();
    for (const [{ metadata, spec }, instances] of matched) {
      if (instances.size === 0 || !(spec.hostNetwork || connected.has(metadata.uid ?? ""))) continue;
      this.byPod.set(metadata.uid ?? "", instances);
      for (const { container } of instances.values()) kept.add(container);
    }
    return survivors.filter(({ container }) => !kept.has(container));
  }

  /** What a pod takes over, by the names of its containers; nothing when it is asked for again. */
  take(podUid: string): ReadonlyMap<string, SurvivingInstance> {
    const instances = this.byPod.get(podUid) ?? new Map();
    this.byPod.delete(podUid);
    return instances;
  }
}

/** What a pod's planners are told of them. */
export function knownInstances(survivors: ReadonlyMap<string, SurvivingInstance>): Map<string, KnownInstance> {
  const known = [...survivors].map(([name, { container, instance, startedAt }]) => [
    name,
    { id: container.id, instance, startedAt },
  ]);
  return new Map(known as [string, KnownInstance][]);
}

function isOfUse(pod: Pod): boolean {
  return !isTerminal(pod) || pod.metadata.deletionTimestamp !== undefined;
}

function attachmentOf(
  { metadata, spec }: Pod,
  instances: ReadonlyMap<string, Survivor>,
): [string, NetworkAttachment][] {
  const [first] = instances.values();
  return first && !spec.hostNetwork ? [[metadata.uid ?? "", first.spec.network]] : [];
}

/** The status may not have heard of the newest instance yet. */
function instancesOf(pod: Pod, byId: ReadonlyMap<string, Survivor>): Map<string, SurvivingInstance> {
  const { uid = "" } = pod.metadata;
  const first = byId.get(containerId(uid, FIRST_PROCESS, 0));
  const found = containersOf(pod).flatMap(({ container: { name } }): [string, SurvivingInstance][] => {
    const count = statusOf(pod, name)?.restartCount ?? 0;
    for (const instance of [count + 1, count]) {
      const survivor = byId.get(containerId(uid, name, instance));
      if (survivor && !hasEnded(pod, name, survivor.spec.id)) return [[name, { ...survivor, instance }]];
    }
    return [];
  });
  return new Map(first ? [...found, [FIRST_PROCESS, { ...first, instance: 0 }]] : found);
}

function hasEnded(pod: Pod, name: string, id: string): boolean {
  const { state, lastState } = statusOf(pod, name) ?? {};
  return [state, lastState].some((each) => each?.terminated?.containerID?.endsWith(`//${id}`));
}

function statusOf({ status }: Pod, name: string) {
  const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  return all.find((each) => each.name === name);
}
