/** The columns of pods: what kubectl shows as READY, STATUS and RESTARTS. */
import type { ContainerStatus, Pod } from "#api/builtin/types.gen.ts";
import { findCondition } from "#kit/conditions.ts";
import { renderAge } from "./age.ts";

export type PodSummary = { ready: string; status: string; restarts: string };

type Tally = { ready: number; restarts: number; lastRestart: number };

/** Sums up the containers of a pod. */
export function summarizePod(pod: Pod, now: Date): PodSummary {
  const sidecars = new Set((pod.spec?.initContainers ?? []).filter(isSidecar).map(({ name }) => name));
  const tally: Tally = { ready: 0, restarts: 0, lastRestart: 0 };
  const initial: Tally = { ready: 0, restarts: 0, lastRestart: 0 };
  const initializing = walkInit(pod, sidecars, { tally, initial });
  let status = initializing ?? initialStatus(pod);
  let count = initializing ? initial : tally;
  if (!initializing || findCondition(pod as never, "Initialized")?.status === "True") {
    count = tally;
    status = walkMain(pod, tally, initializing ? initialStatus(pod) : status);
  }
  const total = (pod.spec?.containers?.length ?? 0) + sidecars.size;
  const ago = count.restarts > 0 && count.lastRestart > 0;
  return {
    ready: `${tally.ready}/${total}`,
    status: withDeletion(pod, status),
    restarts: ago
      ? `${count.restarts} (${renderAge(new Date(count.lastRestart).toISOString(), now)} ago)`
      : `${count.restarts}`,
  };
}

function isSidecar(container: { restartPolicy?: string }): boolean {
  return container.restartPolicy === "Always";
}

function initialStatus(pod: Pod): string {
  const scheduled = findCondition(pod as never, "PodScheduled");
  if (scheduled?.reason === "SchedulingGated") return "SchedulingGated";
  return pod.status?.reason || pod.status?.phase || "Unknown";
}

function noteRestart(status: ContainerStatus, tally: Tally): void {
  tally.restarts += status.restartCount ?? 0;
  const finished = status.lastState?.terminated?.finishedAt;
  if (finished) tally.lastRestart = Math.max(tally.lastRestart, Date.parse(finished));
}

/** `Init:…` while init containers are at work; undefined when they are done. */
function walkInit(
  pod: Pod,
  sidecars: ReadonlySet<string>,
  { tally, initial }: { tally: Tally; initial: Tally },
): string | undefined {
  const statuses = pod.status?.initContainerStatuses ?? [];
  const total = pod.spec?.initContainers?.length ?? 0;
  for (const [index, status] of statuses.entries()) {
    noteRestart(status, initial);
    const isSide = sidecars.has(status.name);
    if (isSide) noteRestart(status, tally);
    if (status.state?.terminated?.exitCode === 0) continue;
    if (isSide && status.started) {
      if (status.ready) tally.ready++;
      continue;
    }
    return initStatus(status, index, total);
  }
  return undefined;
}

function initStatus({ state }: ContainerStatus, index: number, total: number): string {
  if (state?.terminated) return `Init:${terminatedReason(state.terminated)}`;
  const waiting = state?.waiting?.reason;
  return waiting && waiting !== "PodInitializing" ? `Init:${waiting}` : `Init:${index}/${total}`;
}

function terminatedReason({
  reason,
  signal,
  exitCode,
}: {
  reason?: string;
  signal?: number;
  exitCode?: number;
}): string {
  return reason || (signal ? `Signal:${signal}` : `ExitCode:${exitCode ?? 0}`);
}

function walkMain(pod: Pod, tally: Tally, initial: string): string {
  let status = initial;
  let hasRunning = false;
  for (const container of [...(pod.status?.containerStatuses ?? [])].reverse()) {
    noteRestart(container, tally);
    const { state, ready } = container;
    if (state?.waiting?.reason) status = state.waiting.reason;
    else if (state?.terminated) status = terminatedReason(state.terminated);
    else if (ready && state?.running) {
      hasRunning = true;
      tally.ready++;
    }
  }
  if (status !== "Completed" || !hasRunning) return status;
  return findCondition(pod as never, "Ready")?.status === "True" ? "Running" : "NotReady";
}

function withDeletion(pod: Pod, status: string): string {
  if (!pod.metadata.deletionTimestamp) return status;
  if (pod.status?.reason === "NodeLost") return "Unknown";
  const { phase } = pod.status ?? {};
  return phase === "Succeeded" || phase === "Failed" ? status : "Terminating";
}
