/** Which claims may become larger: those whose storage class says so. */
import type { PersistentVolumeClaim, StorageClass } from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import { parseQuantity } from "#kit/quantity.ts";
import { forbidden } from "#kit/status.ts";
import type { ObjectStore } from "../storage/objects.ts";
import type { Plugin } from "./gate.ts";

const STORAGE_GROUP = "storage.k8s.io";

/** Refuses larger claims that are not bound, or whose storage class does not allow expansion. */
export function claimResizePlugin(objects: ObjectStore): Plugin {
  return {
    operations: ["UPDATE"],
    validate: ({ served }, draft, current) => {
      if (!current || sizeOf(draft) <= sizeOf(current)) return;
      const refuse = (why: string): Error => forbidden(served.id, draft.metadata.name ?? "", why);
      const claim = current as unknown as PersistentVolumeClaim;
      if (claim.status?.phase !== "Bound") throw refuse("Only bound persistent volume claims can be expanded");
      const name = claim.spec?.storageClassName ?? "";
      const entry = objects.latest(objects.collection(STORAGE_GROUP, "storageclasses"), name);
      if (!(entry?.object as unknown as StorageClass | undefined)?.allowVolumeExpansion)
        throw refuse(
          "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize",
        );
    },
  };
}

function sizeOf(claim: Unstructured): bigint {
  const { storage = "0" } = (claim as unknown as PersistentVolumeClaim).spec?.resources?.requests ?? {};
  return parseQuantity(storage)?.nanos ?? 0n;
}
