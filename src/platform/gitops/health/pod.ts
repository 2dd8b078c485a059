/** Health of a Pod. Pure. */
import type { ContainerStatus, Pod } from "#api/builtin/types.gen.ts";
import { errorLine } from "#kit/error-line.ts";
import { type Health, health } from "./health.ts";

export function podHealth({ spec, status }: Pod): Health {
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const always = (spec?.restartPolicy ?? "Always") === "Always";
  const stuck = always ? containers.flatMap(waitingFailure)[0] : undefined;
  if (stuck) return health("Degraded", stuck);
  switch (status?.phase) {
    case "Succeeded":
      return health("Healthy", status.message);
    case "Failed":
      return health("Degraded", status.message ?? containers.flatMap(terminationFailure)[0] ?? "the pod failed");
    case "Running":
      return always ? runningHealth(status, containers) : health("Progressing", status.message);
    case "Pending":
      return health("Progressing", status.message);
    default:
      return health("Unknown", status?.message);
  }
}

function runningHealth(status: NonNullable<Pod["status"]>, containers: readonly ContainerStatus[]): Health {
  if (status.conditions?.some(({ type, status }) => type === "Ready" && status === "True")) return health("Healthy");
  const crashed = containers.find((container) => container.lastState?.terminated);
  if (!crashed) return health("Progressing", "the pod is running but not ready yet");
  const { exitCode, reason } = crashed.lastState?.terminated ?? {};
  return health("Degraded", `container ${crashed.name} ended with ${reason ?? "Error"} (exit code ${exitCode})`);
}

function waitingFailure({ name, state, lastState }: ContainerStatus): string[] {
  const { reason = "", message } = state?.waiting ?? {};
  const ended = lastState?.terminated;
  if (reason === "CrashLoopBackOff" && ended) {
    const said = errorLine(ended.message ?? "");
    return [`container ${name} exited with code ${ended.exitCode}${said && `: ${said}`}`];
  }
  const failed = reason.startsWith("Err") || reason.endsWith("Error") || reason.endsWith("BackOff");
  return failed ? [`container ${name}: ${message ?? reason}`] : [];
}

function terminationFailure({ name, state }: ContainerStatus): string[] {
  const ended = state?.terminated;
  if (!ended || ended.exitCode === 0) return [];
  return [ended.message ?? `container ${name} failed with exit code ${ended.exitCode}`];
}
