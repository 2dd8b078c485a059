/** Namespaces: their finalizer, phase and name label. */
import type { Namespace } from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import type { Mutable } from "#kit/json.ts";
import type { Strategy } from "./strategy.ts";

const asNamespace = (object: Unstructured): Mutable<Namespace> => object as unknown as Mutable<Namespace>;

const UNDELETABLE = ["default", "kube-public", "kube-system"];

export const namespaceStrategy: Strategy = {
  nameRule: "label",
  defaults: (draft) => {
    const { metadata } = asNamespace(draft);
    metadata.labels = { ...metadata.labels, "kubernetes.io/metadata.name": metadata.name };
  },
  prepareCreate: (draft) => {
    const namespace = asNamespace(draft);
    namespace.spec = { ...namespace.spec, finalizers: ["kubernetes"] };
    namespace.status = { phase: "Active" };
  },
  prepareUpdate: (draft, current) => {
    asNamespace(draft).spec = { ...asNamespace(current).spec };
  },
  refuseDelete: ({ metadata }) =>
    UNDELETABLE.includes(metadata.name) ? "this namespace may not be deleted" : undefined,
  isHeld: (object) => (asNamespace(object).spec?.finalizers ?? []).length > 0,
  prepareDelete: (draft) => {
    const namespace = asNamespace(draft);
    namespace.status = { ...namespace.status, phase: "Terminating" };
  },
};
