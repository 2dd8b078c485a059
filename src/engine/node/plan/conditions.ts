/** The conditions of a pod that the node owns: pure. */
import type { Pod } from "#api/builtin/types.gen.ts";
import { type Condition, stampTransitions } from "#kit/conditions.ts";
import type { ContainerObservation } from "./observation.ts";
import type { Phase } from "./phase.ts";

const OWN = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"];
const DISRUPTED = "DisruptionTarget";

type Verdict = { status: "True" | "False"; reason?: string; message?: string };

/** All conditions to publish: those of others first, as they are. */
export function planConditions(
  pod: Pod,
  containers: readonly ContainerObservation[],
  facts: { phase: Phase; hasSandbox: boolean; now: number; disruption?: Verdict | undefined },
): Condition[] {
  const previous = (pod.status?.conditions ?? []) as Condition[];
  const stamp = `${new Date(facts.now).toISOString().slice(0, 19)}Z`;
  const { disruption } = facts;
  const disrupted = disruption ? stampTransitions([{ type: DISRUPTED, ...disruption }], previous, stamp) : [];
  const isForeign = ({ type }: Condition): boolean => !OWN.includes(type) && !(disruption && type === DISRUPTED);
  const foreign = [...previous.filter(isForeign), ...disrupted];
  const ready = containersReady(pod, containers, facts.phase);
  const verdicts: { [type: string]: Verdict } = {
    PodReadyToStartContainers: { status: facts.hasSandbox ? "True" : "False" },
    Initialized: initialized(containers, facts.phase),
    Ready: ready.status === "True" ? gates(pod, foreign) : ready,
    ContainersReady: ready,
    PodScheduled: { status: "True" },
  };
  const own = OWN.map((type) => ({ type, status: "False" as const, ...verdicts[type] }));
  return [...foreign, ...stampTransitions(own, previous, stamp)];
}

function initialized(containers: readonly ContainerObservation[], phase: Phase): Verdict {
  if (phase === "Succeeded") return { status: "True", reason: "PodCompleted" };
  const mainRan = containers.some(({ role, everRan }) => role === "main" && everRan);
  const incomplete = containers.filter(
    (container) =>
      (container.role === "init" && !(container.activity === "exited" && container.terminated?.exitCode === 0)) ||
      (container.role === "sidecar" && !container.started),
  );
  if (mainRan || incomplete.length === 0) return { status: "True" };
  return {
    status: "False",
    reason: "ContainersNotInitialized",
    message: `containers with incomplete status: [${incomplete.map(({ name }) => name).join(" ")}]`,
  };
}

function containersReady(pod: Pod, containers: readonly ContainerObservation[], phase: Phase): Verdict {
  if (phase === "Succeeded") return { status: "False", reason: "PodCompleted" };
  if (phase === "Failed") return { status: "False", reason: "PodFailed" };
  const unready = containers.filter(
    ({ role, activity, ready }) =>
      role !== "init" && !(activity === "running" && ready && !pod.metadata.deletionTimestamp),
  );
  if (unready.length === 0) return { status: "True" };
  return {
    status: "False",
    reason: "ContainersNotReady",
    message: `containers with unready status: [${unready.map(({ name }) => name).join(" ")}]`,
  };
}

function gates(pod: Pod, conditions: readonly Condition[]): Verdict {
  const problems = (pod.spec.readinessGates ?? []).flatMap(({ conditionType }) => {
    const condition = conditions.find(({ type }) => type === conditionType);
    if (!condition) return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`];
    if (condition.status === "True") return [];
    return [`the status of pod readiness gate "${conditionType}" is not "True", but ${condition.status}`];
  });
  if (problems.length === 0) return { status: "True" };
  return { status: "False", reason: "ReadinessGatesNotReady", message: problems.join(", ") };
}
