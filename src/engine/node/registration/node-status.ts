/** The status of the Node object: pure. */
import type { NodeCondition, NodeStatus } from "#api/builtin/types.gen.ts";
import { type Condition, stampTransitions } from "#kit/conditions.ts";
import { deepEqual } from "#kit/json.ts";
import { diskReserve, type PressureCondition } from "../eviction/thresholds.ts";
import type { DiskSpace, Machine } from "./machine.ts";

const MAX_PODS = 110;
const MIB = 1024 ** 2;
/** Kept free for the machine itself. */
const MEMORY_RESERVE = 100 * MIB;
const VERSION = "v1.34.0";

export type NodeFacts = {
  nodeName: string;
  hostIP: string;
  runtime: string;
  machine: Machine;
  disk: DiskSpace;
  pressures: readonly PressureCondition[];
  images: readonly { names: string[]; sizeBytes: number }[];
  /** Why the node runs no pods; undefined when it does. */
  notReady?: { reason: string; message: string } | undefined;
  /** RFC 3339. */
  now: string;
};

/** The status to publish. Conditions of others are copied through; times move only with a condition's status. */
export function nodeStatus(facts: NodeFacts, previous: NodeStatus | undefined): NodeStatus {
  const { machine, disk, now } = facts;
  const capacity = {
    cpu: String(machine.cores),
    memory: `${Math.floor(machine.memoryBytes / 1024)}Ki`,
    "ephemeral-storage": `${Math.floor(disk.totalBytes / 1024)}Ki`,
    pods: String(MAX_PODS),
  };
  return {
    capacity,
    allocatable: {
      ...capacity,
      memory: `${Math.floor((machine.memoryBytes - MEMORY_RESERVE) / 1024)}Ki`,
      "ephemeral-storage": `${Math.floor((disk.totalBytes - diskReserve(disk)) / 1024)}Ki`,
    },
    addresses: [
      { type: "InternalIP", address: facts.hostIP },
      { type: "Hostname", address: facts.nodeName },
    ],
    conditions: conditions(facts, previous).map((condition) => ({ ...condition, lastHeartbeatTime: now })),
    images: facts.images.map((image) => ({ ...image, names: [...image.names] })),
    nodeInfo: {
      architecture: machine.architecture,
      bootID: machine.bootID,
      containerRuntimeVersion: `${facts.runtime}://1`,
      kernelVersion: machine.kernelVersion,
      kubeProxyVersion: VERSION,
      kubeletVersion: VERSION,
      machineID: machine.machineID,
      operatingSystem: "linux",
      osImage: machine.osImage,
      systemUUID: machine.systemUUID,
    },
  };
}

function conditions(facts: NodeFacts, previous: NodeStatus | undefined): NodeCondition[] {
  const own: Condition[] = [
    pressure("MemoryPressure", facts.pressures, {
      yes: ["KubeletHasInsufficientMemory", "kubelet has insufficient memory available"],
      no: ["KubeletHasSufficientMemory", "kubelet has sufficient memory available"],
    }),
    pressure("DiskPressure", facts.pressures, {
      yes: ["KubeletHasDiskPressure", "kubelet has disk pressure"],
      no: ["KubeletHasNoDiskPressure", "kubelet has no disk pressure"],
    }),
    pressure("PIDPressure", facts.pressures, {
      yes: ["KubeletHasInsufficientPID", "kubelet has insufficient PID available"],
      no: ["KubeletHasSufficientPID", "kubelet has sufficient PID available"],
    }),
    facts.notReady
      ? { type: "Ready", status: "False", ...facts.notReady }
      : { type: "Ready", status: "True", reason: "KubeletReady", message: "kubelet is posting ready status" },
  ];
  const known = (previous?.conditions ?? []) as Condition[];
  const foreign = known.filter(({ type }) => !own.some((condition) => condition.type === type));
  return [...foreign, ...stampTransitions(own, known, facts.now)] as NodeCondition[];
}

type Words = { yes: readonly [string, string]; no: readonly [string, string] };

function pressure(type: PressureCondition, pressures: NodeFacts["pressures"], { yes, no }: Words): Condition {
  const isUnder = pressures.includes(type);
  const [reason, message] = isUnder ? yes : no;
  return { type, status: isUnder ? "True" : "False", reason, message };
}

/** Whether two statuses say the same, heartbeats aside. */
export function saysTheSame(left: NodeStatus | undefined, right: NodeStatus): boolean {
  const quiet = (status: NodeStatus | undefined): unknown => ({
    ...status,
    conditions: status?.conditions?.map(({ lastHeartbeatTime: _, ...condition }) => condition),
  });
  return deepEqual(quiet(left), quiet(right));
}
