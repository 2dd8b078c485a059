/** Namespaces: their finalizer, phase and name label. */
import type { Namespace } from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import type { Mutable } from "#kit/json.ts";
import { labelKey } from "./rules/names.ts";
import { violations } from "./rules/report.ts";
import type { Strategy } from "./strategy.ts";

const asNamespace = (object: Unstructured): Mutable<Namespace> => object as unknown as Mutable<Namespace>;

const NAME_LABEL = "kubernetes.io/metadata.name";
const UNDELETABLE = ["default", "kube-public", "kube-system"];
const STANDARD_FINALIZERS = ["kubernetes", "foregroundDeletion", "orphan"];
const NEITHER = "name is neither a standard finalizer name nor is it fully qualified";

export const namespaceStrategy: Strategy = {
  nameRule: "label",
  returnsDeleted: true,
  defaults: (draft) => {
    const { metadata } = asNamespace(draft);
    metadata.labels = { ...metadata.labels, [NAME_LABEL]: metadata.name };
  },
  prepareCreate: (draft) => {
    const namespace = asNamespace(draft);
    const given = namespace.spec?.finalizers ?? [];
    namespace.spec = { finalizers: given.includes("kubernetes") ? given : [...given, "kubernetes"] };
    namespace.status = { phase: "Active" };
  },
  prepareUpdate: (draft, current) => {
    asNamespace(draft).spec = { ...asNamespace(current).spec };
  },
  validateStatus: (draft) =>
    violations((report) => {
      const { metadata, status } = asNamespace(draft);
      const at = report.at("status", "Phase");
      const isGoing = metadata.deletionTimestamp !== undefined;
      if (isGoing && status?.phase !== "Terminating")
        at.invalid(status?.phase ?? "", "may only be 'Terminating' if `deletionTimestamp` is not empty");
      if (!isGoing && status?.phase !== "Active")
        at.invalid(status?.phase ?? "", "may only be 'Active' if `deletionTimestamp` is empty");
    }),
  parts: {
    finalize: {
      lay: (draft, current) => {
        const finalizers = asNamespace(draft).spec?.finalizers ?? [];
        return { ...current, metadata: { ...current.metadata }, spec: finalizers.length > 0 ? { finalizers } : {} };
      },
      validate: (draft) =>
        violations((report) => {
          asNamespace(draft).spec?.finalizers?.forEach((name, index) => {
            const at = report.at("spec", "finalizers").item(index);
            at.invalidFor(name, labelKey(name));
            if (!name.includes("/") && !STANDARD_FINALIZERS.includes(name)) at.invalid(name, NEITHER);
          });
        }),
    },
  },
  refuseDelete: ({ metadata }) =>
    UNDELETABLE.includes(metadata.name) ? "this namespace may not be deleted" : undefined,
  isHeld: (object) => (asNamespace(object).spec?.finalizers ?? []).length > 0,
  /** The namespace stays until it is empty. */
  markDeleted: (draft, at) => {
    const namespace = asNamespace(draft);
    namespace.metadata.deletionTimestamp ??= at;
    namespace.status = { ...namespace.status, phase: "Terminating" };
  },
};
