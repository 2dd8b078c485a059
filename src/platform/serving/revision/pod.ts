/** The pod template of a revision. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";
import type { ObjectMeta } from "#api/meta.ts";
import { ANNOTATIONS, LABELS, type Revision, type ServingContainer } from "#api/serving.knative.dev/index.ts";
import { DEFAULT_TIMEOUT_SECONDS, isServing } from "../configuration/revision.ts";
import { type Text, without } from "../metadata.ts";

const DEFAULT_PORT = 8080;

/** What changes during a revision's life must not reach its pods, or they would be replaced. */
const NOT_FOR_PODS = [
  ANNOTATIONS.routes,
  ANNOTATIONS.routingStateModified,
  ANNOTATIONS.routedAt,
  ANNOTATIONS.noGc,
  ANNOTATIONS.lastApplied,
];
const SERVING_FIELDS = [
  "containerConcurrency",
  "timeoutSeconds",
  "responseStartTimeoutSeconds",
  "idleTimeoutSeconds",
] as const;

/** Labels of a revision's Deployment and pods. */
export function childLabels({ metadata }: Revision): Text {
  return {
    ...without(metadata.labels, [LABELS.routingState]),
    [LABELS.revision]: metadata.name,
    [LABELS.revisionUid]: metadata.uid ?? "",
    [LABELS.app]: metadata.labels?.[LABELS.app] ?? metadata.name,
  };
}

export function childAnnotations({ metadata }: Revision): Text {
  return without(metadata.annotations, NOT_FOR_PODS);
}

/** Port of the serving container, and the protocol that its name says. */
export function servingPort({ spec }: Revision): { port: number; protocol: "http1" | "h2c" } {
  const [port] = spec.containers.flatMap(({ ports }) => ports ?? []);
  return { port: port?.containerPort || DEFAULT_PORT, protocol: port?.name === "h2c" ? "h2c" : "http1" };
}

/** The template that the revision's Deployment runs. */
export function podTemplate(revision: Revision): k8s.PodTemplateSpec {
  const podSpec: Record<string, unknown> = { ...revision.spec };
  for (const field of SERVING_FIELDS) delete podSpec[field];
  const { containers, timeoutSeconds = DEFAULT_TIMEOUT_SECONDS } = revision.spec;
  return {
    metadata: { labels: childLabels(revision), annotations: childAnnotations(revision) } as ObjectMeta,
    spec: {
      ...(podSpec as Omit<k8s.PodSpec, "containers">),
      containers: containers.map((container) => toContainer(container, revision)),
      enableServiceLinks: revision.spec.enableServiceLinks ?? false,
      terminationGracePeriodSeconds: timeoutSeconds,
    },
  };
}

function toContainer(container: ServingContainer, revision: Revision): k8s.Container {
  const serving = isServing(container, revision.spec.containers);
  const { port, protocol } = servingPort(revision);
  const reserved = [...(serving ? [{ name: "PORT", value: String(port) }] : []), ...knativeEnv(revision)];
  const names = new Set(reserved.map(({ name }) => name));
  const env = [...(container.env ?? []).filter(({ name }) => !names.has(name)), ...reserved];
  return {
    ...container,
    name: container.name ?? "user-container",
    env,
    // Requests that are under way get a moment before the signal; no new ones come, the pod left the endpoints.
    lifecycle: { preStop: { sleep: { seconds: 1 } } },
    terminationMessagePolicy: container.terminationMessagePolicy ?? "FallbackToLogsOnError",
    ...(serving && { ports: [{ name: userPortName(protocol), containerPort: port, protocol: "TCP" }] }),
    ...probes(container, serving ? port : undefined),
  };
}

function userPortName(protocol: "http1" | "h2c"): string {
  return protocol === "h2c" ? "h2c" : "user-port";
}

function knativeEnv({ metadata }: Revision): k8s.EnvVar[] {
  return [
    { name: "K_REVISION", value: metadata.name },
    { name: "K_CONFIGURATION", value: metadata.labels?.[LABELS.configuration] ?? "" },
    { name: "K_SERVICE", value: metadata.labels?.[LABELS.service] ?? "" },
  ];
}

/** Probes with the real port in place of 0 or nothing. */
function probes(container: ServingContainer, port: number | undefined): Partial<k8s.Container> {
  const result: Partial<k8s.Container> = {};
  for (const kind of ["readinessProbe", "livenessProbe", "startupProbe"] as const) {
    const probe = container[kind];
    if (!probe) continue;
    result[kind] = port === undefined ? probe : withPort(probe, port);
  }
  const { readinessProbe: ready } = result;
  if (ready && !ready.periodSeconds) result.readinessProbe = { ...ready, periodSeconds: 1, timeoutSeconds: 1 };
  return result;
}

function withPort(probe: k8s.Probe, port: number): k8s.Probe {
  const { httpGet, tcpSocket, grpc } = probe;
  return {
    ...probe,
    ...(httpGet && { httpGet: { ...httpGet, port: httpGet.port || port } }),
    ...(tcpSocket && { tcpSocket: { ...tcpSocket, port: tcpSocket.port || port } }),
    ...(grpc && { grpc: { ...grpc, port: grpc.port || port } }),
  };
}
