/** Probes for applications that say where they answer; an application that says nothing is not guessed at. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";

/** On the pod template, or as a label of the image: the path that answers 2xx when the application is well. */
export const HEALTH_PATH = "conventions.slipway.dev/health-path";

const KINDS = ["readinessProbe", "livenessProbe", "startupProbe"] as const;

/**
 * With a health path: all three probes, the startup one so patient that a slow start is not taken for a failure.
 * Without: a TCP readiness probe, and only when the user declared the port; who declares none may not listen at all.
 */
export function withProbes(
  container: k8s.Container,
  { healthPath, declaredPort }: { healthPath: string | undefined; declaredPort: number | undefined },
): k8s.Container {
  if (KINDS.some((kind) => container[kind])) return container;
  const port = container.ports?.[0]?.containerPort;
  if (healthPath && port) {
    const httpGet = { path: healthPath, port };
    return {
      ...container,
      readinessProbe: { httpGet },
      livenessProbe: { httpGet },
      startupProbe: { httpGet, periodSeconds: 1, failureThreshold: 120 },
    };
  }
  if (declaredPort === undefined) return container;
  return { ...container, readinessProbe: { tcpSocket: { port: declaredPort } } };
}
