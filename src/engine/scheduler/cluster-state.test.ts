import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import type { Affinity, Pod } from "#api/builtin/types.gen.ts";
import { ClusterState } from "./cluster-state.ts";

function pod(uid: string, affinity?: Affinity): Pod {
  const metadata = { name: uid, uid, namespace: "ns" };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata,
    spec: { containers: [{ name: "c" }], ...(affinity && { affinity }) },
  };
}

const term = { topologyKey: "host", labelSelector: {} };
const names = (pods: Iterable<{ pod: Pod }>): string[] => [...pods].map((placed) => placed.pod.metadata.name);

test("pods that care who is near them are known as long as they are there", () => {
  const state = new ClusterState();
  const wishing = pod("wishing", {
    podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: term }] },
  });
  const repelling = pod("repelling", {
    podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] },
  });
  for (const one of [pod("plain"), pod("picky", { nodeAffinity: {} }), wishing, repelling]) state.setPod(one, "a");
  deepEqual(names(state.choosyPods()), ["wishing", "repelling"]);
  deepEqual(names(state.repellingPods()), ["repelling"]);
  state.removePod(wishing);
  state.setPod(pod("repelling"), "a");
  deepEqual([names(state.choosyPods()), names(state.repellingPods())], [[], []]);
});

test("the newest version of a pod takes the place of the one before; one that is on no node stays unknown", () => {
  const state = new ClusterState();
  state.setPod(pod("one"), "a");
  const newer = { ...pod("one"), status: { phase: "Running" } };
  state.renewPod(newer);
  state.renewPod(pod("other"));
  const [placed, ...more] = state.pods();
  equal(placed?.pod, newer);
  deepEqual([placed?.nodeName, more], ["a", []]);
});
