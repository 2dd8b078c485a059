/** The status of a DaemonSet. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";
import { isReady } from "../replicaset/rank.ts";
import { fateOn, HASH_LABEL } from "./nodes.ts";
import { availableIn, type DaemonWorld, podsByNode } from "./plan.ts";

type Report = { [K in keyof k8s.DaemonSetStatus]?: k8s.DaemonSetStatus[K] | undefined };

/** Of every node the oldest pod counts. */
export function daemonSetStatus(world: DaemonWorld): Report {
  const { set, nodes, pods, hash } = world;
  const groups = podsByNode(pods);
  const oldestOn = ({ metadata }: k8s.Node): k8s.Pod | undefined => groups.get(metadata.name)?.[0];
  const wanted = nodes.filter((node) => fateOn(set, node) === "run");
  const scheduled = wanted.flatMap((node) => oldestOn(node) ?? []);
  const available = scheduled.filter((pod) => availableIn(world, pod) === 0).length;
  return {
    currentNumberScheduled: scheduled.length,
    numberMisscheduled: nodes.filter((node) => fateOn(set, node) !== "run" && oldestOn(node)).length,
    desiredNumberScheduled: wanted.length,
    numberReady: scheduled.filter(isReady).length,
    observedGeneration: set.metadata.generation,
    updatedNumberScheduled:
      scheduled.filter(({ metadata }) => metadata.labels?.[HASH_LABEL] === hash).length || undefined,
    numberAvailable: available || undefined,
    numberUnavailable: wanted.length - available || undefined,
  };
}
