/** The Deployment and the PodAutoscaler of a revision. Pure. */
import type { PodAutoscaler } from "#api/autoscaling.internal.knative.dev/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { ANNOTATIONS, LABELS, type Revision } from "#api/serving.knative.dev/index.ts";
import type { Draft } from "#ports/kube/client.ts";
import { parseDuration } from "../autoscaler/settings.ts";
import { deploymentName } from "../names.ts";
import { childAnnotations, childLabels, podTemplate, servingPort } from "./pod.ts";

const PROGRESS_DEADLINE_SECONDS = 600;

/** Without `replicas`: those belong to the autoscaler alone. */
export function deploymentOf(revision: Revision): Draft<k8s.Deployment> {
  const { name, namespace, uid = "", annotations } = revision.metadata;
  const deadline = parseDuration(annotations?.[ANNOTATIONS.progressDeadline] ?? "");
  return {
    metadata: {
      name: deploymentName(name),
      ...(namespace && { namespace }),
      labels: childLabels(revision),
      annotations: childAnnotations(revision),
    },
    spec: {
      selector: { matchLabels: { [LABELS.revisionUid]: uid } },
      template: podTemplate(revision),
      progressDeadlineSeconds: deadline === undefined ? PROGRESS_DEADLINE_SECONDS : Math.ceil(deadline / 1000),
      revisionHistoryLimit: 0,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: "25%" } },
    },
  };
}

export function autoscalerOf(revision: Revision): Draft<PodAutoscaler> {
  const { name, namespace } = revision.metadata;
  return {
    metadata: {
      name,
      ...(namespace && { namespace }),
      labels: childLabels(revision),
      annotations: childAnnotations(revision),
    },
    spec: {
      protocolType: servingPort(revision).protocol,
      containerConcurrency: revision.spec.containerConcurrency ?? 0,
      reachability: reachabilityOf(revision),
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: deploymentName(name) },
    },
  };
}

function reachabilityOf({ metadata }: Revision): string {
  switch (metadata.labels?.[LABELS.routingState]) {
    case "active":
      return "Reachable";
    case "reserve":
      return "Unreachable";
    default:
      return "Unknown";
  }
}
