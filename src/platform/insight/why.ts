/** `why`: from an object that is not ready down to the cause, in one line, with what to do. */
import type { Unstructured } from "#api/meta.ts";
import { type Condition, type Conditioned, findCondition } from "#kit/conditions.ts";
import { errorLine } from "#kit/error-line.ts";
import type { Reader } from "./reader.ts";

export type Verdict = {
  healthy: boolean;
  /** `Kind namespace/name` of every object on the way, the cause last. */
  path: string[];
  cause: string;
  advice: string;
  /** The last lines that the failing container or build printed. */
  log: string[];
};

type Finding = { next?: Unstructured; cause?: string; advice?: string; log?: string[] };
type Step = (object: Unstructured, reader: Reader) => Promise<Finding>;

const LOG_LINES = 20;
const LONGEST_WALK = 10;

/** Follows the failing object down the tree. */
export async function why(root: Unstructured, reader: Reader): Promise<Verdict> {
  const verdict: Verdict = { healthy: false, path: [], cause: "", advice: "", log: [] };
  let object: Unstructured | undefined = root;
  for (let depth = 0; object && depth < LONGEST_WALK; depth++) {
    verdict.path.push(
      `${object.kind} ${object.metadata.namespace ? `${object.metadata.namespace}/` : ""}${object.metadata.name}`,
    );
    const finding: Finding = await (STEPS[object.kind] ?? byConditions)(object, reader);
    const condition = notReady(object);
    verdict.cause = finding.cause ?? describe(condition) ?? verdict.cause;
    verdict.advice = finding.advice ?? ADVICE[object.kind] ?? verdict.advice;
    verdict.log = finding.log ?? verdict.log;
    object = finding.next;
  }
  verdict.healthy = notReady(root) === undefined && verdict.path.length === 1 && !verdict.cause;
  if (verdict.healthy) return { ...verdict, cause: "it is ready", advice: "" };
  return verdict;
}

const ADVICE: { readonly [kind: string]: string } = {
  Workload: "slipway workload get NAME shows every step",
  GitRepository: "check the URL and the branch, tag or commit in spec.source.git of the workload",
  Image: "read the build's output above, fix the source, and push again",
  Build: "read the build's output above, fix the source, and push again",
  PodIntent: "check the ClusterPodConventions and that the image can be read",
  ConfigCommit: "check that the GitOps repository exists and takes pushes",
  ConfigBundle: "check the registry, and the secrets of the service account that open it",
  Application: "compare the manifests in the GitOps repository with the error",
  Service: "read the container's output above, fix the source, and push again",
  Revision: "read the container's output above, fix the source, and push again",
  Pod: "read the container's output above, fix the source, and push again",
};

const STEPS: { readonly [kind: string]: Step } = {
  Workload: firstFailingStep,
  Deliverable: firstFailingStep,
  Image: async (image, reader) => {
    const latest = (image.status as { latestBuildRef?: string } | undefined)?.latestBuildRef;
    const build = latest ? await reader.get("kpack.io/v1alpha2", "Build", latest, image.metadata.namespace) : undefined;
    return build && notReady(build, "Succeeded") ? { next: build } : {};
  },
  Build: async (build) => {
    const log = (build.status as { log?: string } | undefined)?.log;
    const failed = notReady(build, "Succeeded");
    return {
      ...(failed && { cause: describe(failed) ?? "" }),
      ...(log && { log: log.trimEnd().split("\n").slice(-LOG_LINES) }),
    };
  },
  Application: async (application, reader) => {
    type Entry = {
      group?: string;
      version?: string;
      kind: string;
      name: string;
      namespace?: string;
      health?: { status?: string; message?: string };
    };
    const status = application.status as ApplicationStatus & { resources?: Entry[] };
    const bad = status?.resources?.find(
      ({ health }) => health?.status === "Degraded" || health?.status === "Progressing",
    );
    const error = status?.conditions?.find(({ type }) => type.endsWith("Error"))?.message;
    if (!bad) return error ? { cause: error } : {};
    const apiVersion = bad.group ? `${bad.group}/${bad.version}` : (bad.version ?? "v1");
    const next = await reader.get(apiVersion, bad.kind, bad.name, bad.namespace);
    return {
      cause: error ?? bad.health?.message ?? `${bad.kind} ${bad.name} is ${bad.health?.status}`,
      ...(next && { next }),
    };
  },
  Service: async (service, reader) => {
    const latest = (service.status as { latestCreatedRevisionName?: string } | undefined)?.latestCreatedRevisionName;
    const next = latest
      ? await reader.get("serving.knative.dev/v1", "Revision", latest, service.metadata.namespace)
      : undefined;
    return next && notReady(next) ? { next } : {};
  },
  Revision: async (revision, reader) => {
    const labels = { "serving.knative.dev/revision": revision.metadata.name };
    const namespace = revision.metadata.namespace ?? "";
    const pods = await reader.list("v1", "Pod", { namespace, labels });
    const [next] = pods;
    return next ? { next } : {};
  },
  Pod: explainPod,
};

type StepStatus = {
  stampedRef?: { apiVersion?: string; kind?: string; name?: string; namespace?: string };
  conditions?: readonly Condition[];
};
type ApplicationStatus =
  | { health?: { status?: string; message?: string }; conditions?: { type: string; message: string }[] }
  | undefined;

/** The object that the first step which is not ready has stamped. */
async function firstFailingStep(owner: Unstructured, reader: Reader): Promise<Finding> {
  const status = owner.status as { resources?: StepStatus[] } | undefined;
  const failing = status?.resources?.find((step) =>
    step.conditions?.some(({ type, status }) => type === "Ready" && status !== "True"),
  );
  if (!failing?.stampedRef) return {};
  const { apiVersion = "", kind = "", name = "", namespace } = failing.stampedRef;
  const next = await reader.get(apiVersion, kind, name, namespace);
  return next && isBad(next) ? { next } : {};
}

async function byConditions(): Promise<Finding> {
  return {};
}

type ContainerState = {
  waiting?: { reason?: string; message?: string };
  terminated?: { reason?: string; exitCode?: number; message?: string };
};
type ContainerStatus = {
  name: string;
  ready?: boolean;
  restartCount?: number;
  state?: ContainerState;
  lastState?: ContainerState;
};

async function explainPod(pod: Unstructured, reader: Reader): Promise<Finding> {
  const statuses = (pod.status as { containerStatuses?: ContainerStatus[] } | undefined)?.containerStatuses ?? [];
  const failing = statuses.find(({ ready }) => !ready);
  if (!failing) return {};
  const { waiting, terminated } = failing.state ?? {};
  const ended = terminated ?? failing.lastState?.terminated;
  const log = await reader.logTail(
    pod.metadata,
    failing.name,
    LOG_LINES,
    terminated === undefined && ended !== undefined,
  );
  const said = errorLine(log);
  const state = ended
    ? `container ${failing.name} exited with code ${ended.exitCode}`
    : `container ${failing.name}: ${waiting?.reason ?? "not ready"}${waiting?.message ? `: ${waiting.message}` : ""}`;
  return { cause: said ? `${state}: ${said}` : state, log };
}

function isBad(object: Unstructured): boolean {
  if (object.kind === "Application") return (object.status as ApplicationStatus)?.health?.status !== "Healthy";
  return notReady(object) !== undefined || notReady(object, "Succeeded") !== undefined;
}

function notReady(object: Unstructured, type = "Ready"): Condition | undefined {
  const condition = findCondition(object as Conditioned, type);
  return condition && condition.status !== "True" ? condition : undefined;
}

function describe(condition: Condition | undefined): string | undefined {
  if (!condition) return undefined;
  return [condition.reason, condition.message].filter(Boolean).join(": ") || undefined;
}
