/** Makes the claims of pods' ephemeral volumes; they go with the pod. */
import { PersistentVolumeClaim, Pod } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { type Controller, controller } from "#engine/controller/controller.ts";
import { settled } from "#engine/controller/outcome.ts";

/** Reconciles the ephemeral volumes of Pods. */
export function ephemeralVolumeController(): Controller<k8s.Pod> {
  return controller<k8s.Pod>({
    name: "core/ephemeral-volume",
    reportsAs: "ephemeral_volume",
    for: Pod,
    async reconcile({ metadata, spec }, context) {
      for (const { name: volume, ephemeral } of spec.volumes ?? []) {
        const template = ephemeral?.volumeClaimTemplate;
        if (!template?.spec) continue;
        const name = `${metadata.name}-${volume}`;
        const known = await context.get(PersistentVolumeClaim, name, metadata.namespace);
        const isOurs = known?.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid);
        if (known && !isOurs)
          context.event(
            "Warning",
            "EphemeralVolumeCreationFailed",
            `PVC ${metadata.namespace}/${name} was not created for pod ${metadata.namespace}/${metadata.name} (pod is not owner)`,
          );
        if (known) continue;
        const { labels, annotations } = template.metadata ?? {};
        await context.create(PersistentVolumeClaim, {
          metadata: {
            name,
            ...(metadata.namespace && { namespace: metadata.namespace }),
            ...(labels && { labels }),
            ...(annotations && { annotations }),
          },
          spec: template.spec,
        });
      }
      return settled();
    },
  });
}
