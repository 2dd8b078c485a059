/** The controller of ReplicationControllers, which are ReplicaSets with a plain map of labels as selector. */
import { Pod, ReplicationController } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { type Controller, controller } from "#engine/controller/controller.ts";
import { keepReplicas } from "./controller.ts";

/** Reconciles ReplicationControllers. */
export function replicationController(): Controller<k8s.ReplicationController> {
  const keep = keepReplicas(ReplicationController);
  return controller<k8s.ReplicationController>({
    name: "core/replicationcontroller",
    reportsAs: "replication-controller",
    whileDeleted: true,
    for: ReplicationController,
    owns: [Pod],
    async reconcile(object, context) {
      const { status, ...outcome } = await keep(asReplicaSet(object), context);
      if (!status) return outcome;
      const { terminatingReplicas: _, ...known } = status;
      return { ...outcome, status: known };
    },
  });
}

function asReplicaSet({ spec, ...object }: k8s.ReplicationController): k8s.ReplicaSet {
  const { selector = {}, ...rest } = spec;
  return { ...object, spec: { ...rest, selector: { matchLabels: selector } } };
}
