/** The lifecycle hooks of one container, as its pod asks for them. */
import type { Container as ContainerDefinition } from "#api/builtin/types.gen.ts";
import type { Container } from "#ports/sandbox/runtime.ts";
import { runHook } from "./hooks.ts";
import type { ProbeTarget } from "./probe/attempt.ts";

export type HookSubject = {
  definition: ContainerDefinition;
  container: Container;
  target: ProbeTarget;
  /** Records an event about the container. */
  warn: (reason: string, message: string) => void;
};

/** Runs what is to run beside the program's start; false when it failed. Never rejects. */
export async function runPostStart({ definition, container, target, warn }: HookSubject): Promise<boolean> {
  const hook = definition.lifecycle?.postStart;
  if (!hook) return true;
  const why = await runHook(hook, target, { limitMs: undefined, ended: container.exited });
  if (why !== undefined) warn("FailedPostStartHook", "PostStartHook failed");
  return why === undefined;
}

/** What is to run before the program is told to end, within the grace time; undefined when there is nothing. */
export function preStopOf(
  { definition, container, target, warn }: HookSubject,
  graceMs: number,
): (() => Promise<void>) | undefined {
  const hook = definition.lifecycle?.preStop;
  if (!hook) return undefined;
  return async () => {
    const why = await runHook(hook, target, { limitMs: graceMs, ended: container.exited });
    if (why !== undefined) warn("FailedPreStopHook", "PreStopHook failed");
  };
}
