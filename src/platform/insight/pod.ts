/** Why a pod does not do its work: where it waits, how its container ended, what was printed last. */
import type * as k8s from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import { errorLine } from "#kit/error-line.ts";
import { type Finding, LOG_LINES, newest, notReady } from "./finding.ts";
import type { Reader } from "./reader.ts";

const NO_IMAGE = new Set(["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"]);
const NO_CONFIG = new Set(["CreateContainerConfigError", "CreateContainerError", "RunContainerError"]);
const FIX_SOURCE = "read the output above, fix the source, and push again";

export async function explainPod(object: Unstructured, reader: Reader): Promise<Finding> {
  const { spec, status } = object as unknown as k8s.Pod;
  const unscheduled = notReady(object, "PodScheduled");
  if (unscheduled)
    return {
      cause: `no node takes the pod: ${unscheduled.message ?? unscheduled.reason ?? ""}`,
      advice: "lower what it requests, or make room: kubectl describe nodes shows what is taken",
    };
  const statuses = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const failing = statuses.find((one) => !one.ready && one.state?.terminated?.exitCode !== 0);
  if (!failing) return {};
  const waiting = failing.state?.waiting;
  const ended = failing.state?.terminated ?? failing.lastState?.terminated;
  if (ended) return await explainEnd(object, { spec, failing, ended }, reader);
  if (waiting) return explainWait(failing.name, waiting);
  return await explainUnready(object, failing.name, reader);
}

type End = { spec: k8s.Pod["spec"]; failing: k8s.ContainerStatus; ended: k8s.ContainerStateTerminated };

async function explainEnd(
  { metadata }: Unstructured,
  { spec, failing: { name, state }, ended }: End,
  reader: Reader,
): Promise<Finding> {
  const previous = state?.terminated === undefined;
  const log = await reader.logTail(metadata, name, LOG_LINES, previous);
  if (ended.reason === "OOMKilled") {
    const limit = spec?.containers.find((container) => container.name === name)?.resources?.limits?.memory;
    const cause = `container ${name} ran out of memory${limit === undefined ? "" : ` (limit ${limit})`}`;
    return { cause, log, advice: "give it more memory: slipway workload apply NAME --limit-memory 1Gi" };
  }
  const said = errorLine(log) || errorLine(ended.message ?? "");
  const cause = `container ${name} exited with code ${ended.exitCode}`;
  return { cause: said ? `${cause}: ${said}` : cause, log, advice: FIX_SOURCE };
}

function explainWait(name: string, { reason = "", message }: k8s.ContainerStateWaiting): Finding {
  const cause = `container ${name}: ${reason || "not ready"}${message ? `: ${message}` : ""}`;
  if (NO_IMAGE.has(reason))
    return { cause, advice: "check the image's name, and the pull secrets of the service account" };
  return NO_CONFIG.has(reason) ? { cause, advice: "create the Secret, ConfigMap or volume that it names" } : { cause };
}

/** It runs and is not ready: the events say what its probes find. */
async function explainUnready({ metadata }: Unstructured, name: string, reader: Reader): Promise<Finding> {
  const events = await reader.list("v1", "Event", metadata.namespace ? { namespace: metadata.namespace } : {});
  type Told = { type?: string; message?: string; involvedObject?: { uid?: string } };
  const warnings = events.filter((event) => {
    const { type, involvedObject } = event as unknown as Told;
    return type === "Warning" && involvedObject?.uid !== undefined && involvedObject.uid === metadata.uid;
  });
  const { message } = (newest(warnings) ?? {}) as Told;
  return {
    cause: `container ${name} runs but is not ready${message ? `: ${message}` : ""}`,
    log: await reader.logTail(metadata, name, LOG_LINES, false),
    advice: "look at what its readiness probe asks for, and at the output above",
  };
}
