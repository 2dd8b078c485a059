/** From an object to the one that knows more, by its kind. */
import type { Unstructured } from "#api/meta.ts";
import type { Condition } from "#kit/conditions.ts";
import { describe, type Finding, LOG_LINES, newest, notReady, type Step } from "./finding.ts";
import { explainPod } from "./pod.ts";
import type { Reader } from "./reader.ts";

export const STEPS: { readonly [kind: string]: Step } = {
  Workload: firstFailingStep,
  Deliverable: firstFailingStep,
  Runnable: newestRun,
  Image: async ({ status, metadata }, reader) => {
    const latest = (status as { latestBuildRef?: string } | undefined)?.latestBuildRef;
    const build = latest ? await reader.get("kpack.io/v1alpha2", "Build", latest, metadata.namespace) : undefined;
    return build && notReady(build, "Succeeded") ? { next: build } : {};
  },
  Build: async (build) => {
    const log = (build.status as { log?: string } | undefined)?.log;
    return {
      cause: describe(notReady(build, "Succeeded")),
      log: log === undefined ? undefined : log.trimEnd().split("\n").slice(-LOG_LINES),
    };
  },
  Application: worstResource,
  Service: async (service, reader) => {
    const latest = (service.status as { latestCreatedRevisionName?: string } | undefined)?.latestCreatedRevisionName;
    const next = latest
      ? await reader.get("serving.knative.dev/v1", "Revision", latest, service.metadata.namespace)
      : undefined;
    return next && notReady(next) ? { next } : {};
  },
  Revision: ({ metadata }, reader) =>
    failingPod({ "serving.knative.dev/revision": metadata.name }, metadata.namespace, reader),
  Deployment: ofSelector,
  StatefulSet: ofSelector,
  DaemonSet: ofSelector,
  ReplicaSet: ofSelector,
  Job: ofSelector,
  TaskRun: async ({ status, metadata }, reader) => {
    const { podName } = (status ?? {}) as { podName?: string };
    return { next: podName ? await reader.get("v1", "Pod", podName, metadata.namespace) : undefined };
  },
  Pod: explainPod,
};

type StepStatus = {
  stampedRef?: { apiVersion?: string; kind?: string; name?: string; namespace?: string };
  conditions?: readonly Condition[];
};

/** The object that the first step which is not ready has stamped; else the first that no rule looks at and that is not ready. */
async function firstFailingStep(owner: Unstructured, reader: Reader): Promise<Finding> {
  const { resources: steps = [] } = (owner.status ?? {}) as { resources?: StepStatus[] };
  const failing = steps.find(({ conditions }) =>
    conditions?.some(({ type, status }) => type === "Ready" && status !== "True"),
  );
  for (const { stampedRef } of failing ? [failing] : steps.filter(isUnjudged)) {
    if (!stampedRef) continue;
    const { apiVersion = "", kind = "", name = "", namespace } = stampedRef;
    const next = await reader.get(apiVersion, kind, name, namespace);
    if (next && isBad(next)) return { next };
  }
  return {};
}

/** Whether the step's template has no health rule, so that whatever it stamped counts as healthy. */
function isUnjudged({ conditions }: StepStatus): boolean {
  const reason = conditions?.find(({ type }) => type === "Healthy")?.reason;
  return reason === "AlwaysHealthy" || reason === "OutputsAvailable";
}

/** The newest object that a Runnable made, when it has not succeeded. */
async function newestRun({ spec, metadata }: Unstructured, reader: Reader): Promise<Finding> {
  const { runTemplateRef } = (spec ?? {}) as { runTemplateRef?: { name?: string } };
  const template = await reader.get("carto.run/v1alpha1", "ClusterRunTemplate", runTemplateRef?.name ?? "");
  const { apiVersion, kind } = ((template?.spec as { template?: object } | undefined)?.template ?? {}) as {
    apiVersion?: string;
    kind?: string;
  };
  if (!apiVersion || !kind || !metadata.namespace) return {};
  const labels = { "carto.run/runnable-name": metadata.name };
  const next = newest(await reader.list(apiVersion, kind, { namespace: metadata.namespace, labels }));
  return next && notReady(next, "Succeeded") ? { next, cause: describe(notReady(next, "Succeeded")) } : {};
}

type ApplicationStatus =
  | { health?: { status?: string; message?: string }; conditions?: { type: string; message: string }[] }
  | undefined;
type Entry = {
  group?: string;
  version?: string;
  kind: string;
  name: string;
  namespace?: string;
  health?: { status?: string; message?: string };
};

async function worstResource(application: Unstructured, reader: Reader): Promise<Finding> {
  const status = application.status as ApplicationStatus & { resources?: Entry[] };
  const of = (wanted: string): Entry | undefined => status?.resources?.find(({ health }) => health?.status === wanted);
  const bad = of("Degraded") ?? of("Progressing") ?? of("Missing");
  const error = status?.conditions?.find(({ type }) => type.endsWith("Error"))?.message;
  if (!bad) return { cause: error ?? status?.health?.message };
  const apiVersion = bad.group ? `${bad.group}/${bad.version}` : (bad.version ?? "v1");
  const next = await reader.get(apiVersion, bad.kind, bad.name, bad.namespace);
  return { cause: error ?? bad.health?.message ?? `${bad.kind} ${bad.name} is ${bad.health?.status}`, next };
}

/** The pods of a controller; one that has none says itself why. */
async function ofSelector({ spec, status, metadata }: Unstructured, reader: Reader): Promise<Finding> {
  const { selector } = (spec ?? {}) as { selector?: { matchLabels?: Record<string, string> } };
  const found = await failingPod(selector?.matchLabels ?? {}, metadata.namespace, reader);
  if (found.next) return found;
  const { conditions = [] } = (status ?? {}) as { conditions?: Condition[] };
  const failure =
    conditions.find(({ type, status: is }) => (type === "ReplicaFailure" || type === "Failed") && is === "True") ??
    conditions.find(({ type, status: is }) => type === "Progressing" && is === "False");
  return { cause: describe(failure) };
}

/** The newest pod that does not do its work. */
async function failingPod(
  labels: Record<string, string>,
  namespace: string | undefined,
  reader: Reader,
): Promise<Finding> {
  if (Object.keys(labels).length === 0) return {};
  const pods = await reader.list("v1", "Pod", { labels, ...(namespace && { namespace }) });
  return { next: newest(pods.filter(isFailing)) };
}

function isFailing(pod: Unstructured): boolean {
  const { phase } = (pod.status ?? {}) as { phase?: string };
  if (phase === "Succeeded" || pod.metadata.deletionTimestamp) return false;
  return phase !== "Running" || notReady(pod) !== undefined;
}

function isBad(object: Unstructured): boolean {
  if (object.kind === "Application") return (object.status as ApplicationStatus)?.health?.status !== "Healthy";
  return notReady(object) !== undefined || notReady(object, "Succeeded") !== undefined;
}
