/** Whom a pod may displace: the least important pods of one node, and no more of them than it takes. Pure. */
import type { Pod, PodDisruptionBudget } from "#api/builtin/types.gen.ts";
import { compileSelector, type LabelSelector } from "#kit/selector.ts";
import type { FilterInput, Refusal } from "./filters/filter.ts";
import { Impossible } from "./filters/filter.ts";
import { judgeWithPromises, type Nomination, priorityOf } from "./fit.ts";

export type PreemptionInput = FilterInput & {
  nominations: readonly Nomination[];
  budgets: readonly PodDisruptionBudget[];
};

/** The node that is to be cleared, and the pods that have to go. */
export type Preemption = { readonly nodeName: string; readonly victims: readonly Pod[] };

export type PreemptionOutcome =
  | { kind: "preempt"; preemption: Preemption }
  /** Nobody is displaced. `waits`: the room that was promised is being made. */
  | { kind: "none"; message: string; waits: boolean };

/** `refusals` says why the pod does not fit on which node. */
export function planPreemption(input: PreemptionInput, refusals: ReadonlyMap<string, Refusal>): PreemptionOutcome {
  const { pod } = input;
  if (pod.spec.preemptionPolicy === "Never")
    return { kind: "none", message: "not eligible due to preemptionPolicy=Never.", waits: false };
  if (isBeingCleared(input, refusals))
    return { kind: "none", message: "not eligible due to a terminating pod on the nominated node.", waits: true };
  const candidates: Candidate[] = [];
  const reasons = new Map<string, number>();
  for (const [nodeName, refusal] of refusals) {
    const found = refusal.isFinal ? [USELESS] : candidateOn(nodeName, input);
    if ("victims" in found) candidates.push(found);
    else for (const reason of found) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  const [best] = candidates.sort(byHarm);
  if (best) return { kind: "preempt", preemption: { nodeName: best.nodeName, victims: best.victims } };
  return { kind: "none", message: fitMessage(refusals.size, reasons), waits: false };
}

/** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.` */
export function fitMessage(count: number, reasons: ReadonlyMap<string, number>): string {
  const parts = [...reasons].map(([reason, nodes]) => `${nodes} ${reason}`).toSorted();
  return `0/${count} nodes are available: ${parts.join(", ")}.`;
}

const USELESS = "Preemption is not helpful for scheduling";
const NO_VICTIMS = "No preemption victims found for incoming pod";

/** The node that the pod was promised. */
export function promisedTo({ pod, nominations }: PreemptionInput): string | undefined {
  return nominations.find((one) => one.pod.metadata.uid === pod.metadata.uid)?.nodeName;
}

/** Whether somebody less important is already on the way out of the node that was promised to the pod. */
function isBeingCleared(input: PreemptionInput, refusals: ReadonlyMap<string, Refusal>): boolean {
  const { pod, state } = input;
  const nodeName = promisedTo(input);
  if (!nodeName || refusals.get(nodeName)?.isFinal) return false;
  const there = [...(state.node(nodeName)?.pods.values() ?? [])];
  return there.some(({ pod: other }) => priorityOf(other) < priorityOf(pod) && isBeingPreempted(other));
}

function isBeingPreempted({ metadata, status }: Pod): boolean {
  const disruption = status?.conditions?.find(
    ({ type, status: state }) => type === "DisruptionTarget" && state === "True",
  );
  return metadata.deletionTimestamp !== undefined && disruption?.reason === "PreemptionByScheduler";
}

type Candidate = Preemption & {
  /** How many victims their budgets would keep. */
  violations: number;
};

/** Takes all less important pods away, and puts back, the important ones first, whoever does not matter. */
function candidateOn(nodeName: string, input: PreemptionInput): Candidate | readonly string[] {
  const { pod, budgets, nominations } = input;
  const there = [...(input.state.node(nodeName)?.pods.values() ?? [])].map((placed) => placed.pod);
  const lesser = there.filter((other) => priorityOf(other) < priorityOf(pod)).sort(byImportance);
  if (lesser.length === 0) return [NO_VICTIMS];
  const state = input.state.copy();
  const refusalNow = (): Refusal | undefined => judge({ ...input, state }, nominations, nodeName);
  for (const other of lesser) state.removePod(other);
  const without = refusalNow();
  if (without) return without.reasons;
  const [kept, free] = splitByBudgets(lesser, budgets);
  const isVictim = (other: Pod): boolean => {
    state.setPod(other, nodeName);
    const matters = refusalNow() !== undefined;
    if (matters) state.removePod(other);
    return matters;
  };
  const violating = kept.filter(isVictim);
  const victims = [...violating, ...free.filter(isVictim)].sort(byImportance);
  return { nodeName, victims, violations: violating.length };
}

function judge(input: FilterInput, nominations: readonly Nomination[], nodeName: string): Refusal | undefined {
  try {
    return judgeWithPromises(input, nominations)(nodeName);
  } catch (error) {
    if (error instanceof Impossible) return { reasons: [error.message], isFinal: true };
    throw error;
  }
}

/** Those whose budget is used up, and the others; both in the order in which they are given. */
function splitByBudgets(pods: readonly Pod[], budgets: readonly PodDisruptionBudget[]): [Pod[], Pod[]] {
  const open = budgets.map(({ metadata, spec, status }) => {
    const selector = spec?.selector as LabelSelector | undefined;
    const isEmpty =
      !selector || (!selector.matchExpressions?.length && Object.keys(selector.matchLabels ?? {}).length === 0);
    const matches = isEmpty ? () => false : compileSelector(selector);
    const covers = (pod: Pod): boolean =>
      pod.metadata.namespace === metadata.namespace &&
      matches(pod.metadata.labels) &&
      status?.disruptedPods?.[pod.metadata.name] === undefined;
    return { covers, left: status?.disruptionsAllowed ?? 0 };
  });
  const isKept = (pod: Pod): boolean => {
    const concerned = open.filter(({ covers }) => covers(pod));
    for (const budget of concerned) budget.left -= 1;
    return concerned.some(({ left }) => left < 0);
  };
  const { kept = [], free = [] } = Object.groupBy(pods, (pod) => (isKept(pod) ? "kept" : "free"));
  return [kept, free];
}

/** The more important first: of equals the one that has run for longer. */
function byImportance(left: Pod, right: Pod): number {
  return priorityOf(right) - priorityOf(left) || startOf(left) - startOf(right);
}

function startOf({ status, metadata }: Pod): number {
  return Date.parse(status?.startTime ?? metadata.creationTimestamp ?? "") || 0;
}

/** Priorities are 32 bits wide: more pods are always worse than fewer of the same priority. */
const LIFT = 2 ** 31;

function byHarm(left: Candidate, right: Candidate): number {
  return (
    left.violations - right.violations ||
    highest(left) - highest(right) ||
    total(left) - total(right) ||
    left.victims.length - right.victims.length ||
    firstStart(right) - firstStart(left)
  );
}

function highest({ victims }: Candidate): number {
  return Math.max(...victims.map(priorityOf));
}

function total({ victims }: Candidate): number {
  return victims.reduce((sum, victim) => sum + priorityOf(victim) + LIFT, 0);
}

/** When the first of the most important victims has started. */
function firstStart(candidate: Candidate): number {
  const most = highest(candidate);
  return Math.min(...candidate.victims.filter((victim) => priorityOf(victim) === most).map(startOf));
}
