/** The Deployment controller: rolls from one pod template to the next through ReplicaSets. */
import { Deployment, ReplicaSet } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { type Context, type Controller, controller } from "#engine/controller/controller.ts";
import { type Outcome, settled } from "#engine/controller/outcome.ts";
import { adoption, claim, controllerReference, release } from "../claim.ts";
import { listClaimables } from "../claimables.ts";
import { type DeploymentPlan, planDeployment, type Resize } from "./plan.ts";
import { findNewSet, newSetName, REVISION } from "./replica-sets.ts";
import { countReplicas, judgeDeployment, withoutZeros } from "./status.ts";

/** Reconciles Deployments. */
export function deploymentController(): Controller<k8s.Deployment> {
  return controller<k8s.Deployment>({
    name: "core/deployment",
    reportsAs: "deployment-controller",
    whileDeleted: true,
    for: Deployment,
    owns: [ReplicaSet],
    async reconcile(deployment, context) {
      if (isAtRest(deployment)) return settled();
      const sets = await claimSets(deployment, context);
      const plan = planDeployment(deployment, sets);
      if (plan.create && (await isTaken(deployment, context))) {
        const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
        return settled({ collisionCount }, { recheckAfter: 0 });
      }
      return report(deployment, await applyPlan(deployment, sets, plan, context), plan, context);
    },
  });
}

/** Scaled to zero, rolled out, and seen to be so since the last change: nothing to look up. */
function isAtRest({ metadata, spec, status }: k8s.Deployment): boolean {
  return (
    spec.replicas === 0 &&
    (status?.replicas ?? 0) + (status?.terminatingReplicas ?? 0) === 0 &&
    status?.observedGeneration === metadata.generation &&
    status?.conditions?.some(({ reason }) => reason === "NewReplicaSetAvailable") === true
  );
}

async function claimSets(deployment: k8s.Deployment, context: Context): Promise<k8s.ReplicaSet[]> {
  const { namespace, uid } = deployment.metadata;
  const candidates = await listClaimables(context, ReplicaSet, deployment);
  const { owned, adopt, release: strays } = claim(deployment, deployment.spec.selector, candidates);
  for (const set of strays) await context.patch(ReplicaSet, { name: set.metadata.name, namespace }, release(set, uid));
  const owner = controllerReference({ ...deployment, apiVersion: Deployment.apiVersion, kind: Deployment.kind });
  const adopted: k8s.ReplicaSet[] = [];
  for (const set of adopt)
    adopted.push(await context.patch(ReplicaSet, { name: set.metadata.name, namespace }, adoption(set, owner)));
  return [...owned, ...adopted];
}

/** Whether somebody else has a ReplicaSet of the name that the new one would get. */
async function isTaken(deployment: k8s.Deployment, context: Context): Promise<boolean> {
  return (await context.get(ReplicaSet, newSetName(deployment), deployment.metadata.namespace)) !== undefined;
}

/** Carries the plan out; returns the ReplicaSets as they are afterwards. */
async function applyPlan(
  deployment: k8s.Deployment,
  sets: readonly k8s.ReplicaSet[],
  plan: DeploymentPlan,
  context: Context,
): Promise<k8s.ReplicaSet[]> {
  const { name, namespace } = deployment.metadata;
  const current = new Map(sets.map((set) => [set.metadata.name, set]));
  if (plan.create) {
    const created = await context.apply(ReplicaSet, plan.create);
    current.set(created.metadata.name, created);
    announce({ name: created.metadata.name, from: 0, to: created.spec.replicas ?? 0 }, context);
  }
  for (const resize of plan.resize) {
    const body = { metadata: { annotations: resize.annotations }, spec: { replicas: resize.to } };
    current.set(resize.name, await context.patch(ReplicaSet, { name: resize.name, namespace }, body));
    announce(resize, context);
  }
  if (plan.adjust) {
    const { name: adjusted, annotations, minReadySeconds } = plan.adjust;
    const body = { metadata: { annotations }, spec: { minReadySeconds } };
    current.set(adjusted, await context.patch(ReplicaSet, { name: adjusted, namespace }, body));
  }
  for (const old of plan.remove) {
    await context.delete(ReplicaSet, { name: old, namespace });
    current.delete(old);
  }
  if (plan.revision !== undefined) {
    const body = { metadata: { annotations: { [REVISION]: plan.revision } } };
    // beside the status, because a change of annotations counts as a new generation otherwise
    await context.patch(Deployment, { name, namespace }, body, { subresource: "status" });
  }
  return [...current.values()];
}

function announce({ name, from, to }: Omit<Resize, "annotations">, context: Context): void {
  if (from === to) return;
  const direction = to > from ? "up" : "down";
  context.event("Normal", "ScalingReplicaSet", `Scaled ${direction} replica set ${name} from ${from} to ${to}`);
}

function report(
  deployment: k8s.Deployment,
  sets: readonly k8s.ReplicaSet[],
  plan: DeploymentPlan,
  context: Context,
): Outcome<k8s.DeploymentStatus> {
  const now = context.now();
  const newSet = findNewSet(deployment, sets);
  const counts = countReplicas(sets, newSet);
  const world = { deployment, counts, sets, newSet, created: plan.create !== undefined, now };
  const { conditions, recheckAfter } = judgeDeployment(world);
  return settled(
    { ...withoutZeros(counts), observedGeneration: deployment.metadata.generation, conditions },
    { ...(recheckAfter !== undefined && { recheckAfter }) },
  );
}
