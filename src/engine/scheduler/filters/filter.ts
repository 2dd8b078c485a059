/** The shape of a filter: looks at a pod once, then says of each node why the pod cannot be there. */
import type { Namespace, PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from "#api/builtin/types.gen.ts";
import type { ClusterState, NodeState } from "../cluster-state.ts";

/** What filters know besides nodes and pods. */
export type Surroundings = {
  claim(namespace: string, name: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  volumes(): readonly PersistentVolume[];
  storageClass(name: string): StorageClass | undefined;
  namespace(name: string): Namespace | undefined;
};

export type FilterInput = { pod: Pod; state: ClusterState; surroundings: Surroundings };

/** Why a node is out of the question. */
export type Refusal = {
  /** In the scheduler's words. */
  readonly reasons: readonly string[];
  /** Whether it would be just as much if other pods made room. */
  readonly isFinal: boolean;
};

/** Undefined when nothing speaks against the node. */
export type NodeTest = (node: NodeState) => Refusal | undefined;

/** The pod may fit when others are gone. */
export function refusal(...reasons: readonly string[]): Refusal {
  return { reasons, isFinal: false };
}

/** The pod does not fit, whoever else is there. */
export function finalRefusal(...reasons: readonly string[]): Refusal {
  return { reasons, isFinal: true };
}

/** A change of which may make room for a pod. */
export type ChangeKind = "node" | "pod" | "volume";

export type Filter = {
  /** Changes of these kinds may turn a refusal. */
  readonly wokenBy: readonly ChangeKind[];
  /** The test for this pod; undefined when every node passes. Throws {@link Impossible} when none can. */
  prepare(input: FilterInput): NodeTest | undefined;
};

/** No node can take the pod as things are; the message says why. */
export class Impossible extends Error {
  override name = "Impossible";
}
