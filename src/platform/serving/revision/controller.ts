/** The Revision controller: a Deployment and an autoscaler, and whether they serve. */
import { PodAutoscaler } from "#api/autoscaling.internal.knative.dev/index.ts";
import { Deployment, Pod } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { LABELS, Revision } from "#api/serving.knative.dev/index.ts";
import { type Context, type Controller, controller } from "#engine/controller/controller.ts";
import type { Outcome } from "#engine/controller/outcome.ts";
import { type Condition, findCondition } from "#kit/conditions.ts";
import { failed, rollUp, unknown } from "../conditions.ts";
import { isForeign } from "../metadata.ts";
import { deploymentName } from "../names.ts";
import { autoscalerOf, deploymentOf } from "./children.ts";
import { type Health, judgeHealth, needsPods } from "./health.ts";

type Status = NonNullable<Revision["status"]>;

/** Reconciles Revisions. */
export function revisionController(): Controller<Revision> {
  return controller<Revision>({
    name: "serving/revision",
    for: Revision,
    owns: [Deployment, PodAutoscaler],
    async reconcile(revision, context) {
      const { name, namespace } = revision.metadata;
      const existing = await context.get(Deployment, deploymentName(name), namespace);
      if (isForeign(existing, revision)) return notOwned(deploymentName(name));
      const autoscaler = await context.apply(PodAutoscaler, autoscalerOf(revision));
      const deployment = await context.apply(Deployment, deploymentOf(revision));
      const pods = needsPods(deployment) ? await podsOf(revision, context) : [];
      const health = judgeHealth({ revision, deployment, autoscaler, pods });
      return report(revision, { health, autoscaler, deployment, pods });
    },
  });
}

async function podsOf(revision: Revision, context: Context): Promise<readonly k8s.Pod[]> {
  const { name, namespace } = revision.metadata;
  return await context.list(Pod, { namespace, labels: { [LABELS.revision]: name } });
}

function notOwned(deployment: string): Outcome<Status> {
  const message = `There is an existing Deployment "${deployment}" that we do not own.`;
  return rollUp<Status>({ ResourcesAvailable: failed("NotOwned", message), ContainerHealthy: unknown() });
}

type World = {
  health: Health;
  autoscaler: PodAutoscaler;
  deployment: k8s.Deployment;
  pods: readonly k8s.Pod[];
};

function report(revision: Revision, { health, autoscaler, deployment, pods }: World): Outcome<Status> {
  return rollUp<Status>(
    { ContainerHealthy: health.ContainerHealthy, ResourcesAvailable: health.ResourcesAvailable },
    {
      informational: [activeCondition(autoscaler)],
      status: {
        actualReplicas: deployment.status?.readyReplicas ?? 0,
        desiredReplicas: autoscaler.status?.desiredScale ?? deployment.spec.replicas ?? 1,
        containerStatuses: containerStatuses(revision, pods),
      },
    },
  );
}

function activeCondition(autoscaler: PodAutoscaler): Condition {
  const active = findCondition(autoscaler, "Active");
  if (!active) return { type: "Active", status: "Unknown", severity: "Info", reason: "Deploying" };
  const { status, reason, message } = active;
  return { type: "Active", status, severity: "Info", ...(reason && { reason }), ...(message && { message }) };
}

/** Digests as the template names them, else as a node resolved them, else as they were known before. */
function containerStatuses(revision: Revision, pods: readonly k8s.Pod[]): Status["containerStatuses"] {
  const before = revision.status?.containerStatuses ?? [];
  const resolved = pods.flatMap(({ status }) => status?.containerStatuses ?? []);
  return revision.spec.containers.map(({ name = "user-container", image = "" }) => {
    const known = before.find((status) => status.name === name)?.imageDigest;
    const imageId = resolved.find((status) => status.name === name)?.imageID;
    const digest = image.includes("@sha256:")
      ? image
      : (known ?? (imageId?.includes("@sha256:") ? imageId : undefined));
    return { name, ...(digest && { imageDigest: digest }) };
  });
}
