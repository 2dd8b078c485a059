/** From the objects in Git to what is to be in the cluster. Pure. */
import type { Unstructured } from "#api/meta.ts";
import { type Identity, identityKey, identityOf, TRACKING_ID, trackingId } from "./tracking.ts";

export type Target = Identity & { key: string; version: string; object: Unstructured };

export type TargetOptions = {
  instance: string;
  destinationNamespace: string;
  /** Whether objects of a kind live in namespaces; undefined when the cluster does not know the kind. */
  isNamespaced: (apiVersion: string, kind: string) => boolean | undefined;
};

export type Warning = { type: "RepeatedResourceWarning" | "ExcludedResourceWarning"; message: string };

const HOOKS = ["argocd.argoproj.io/hook", "helm.sh/hook"];

/** Objects with their namespace and tracking id; of several with one identity the last counts. */
export function planTargets(
  objects: readonly Unstructured[],
  options: TargetOptions,
): { targets: Target[]; warnings: Warning[] } {
  const targets = new Map<string, Target>();
  const warnings: Warning[] = [];
  for (const object of objects) {
    if (HOOKS.some((annotation) => object.metadata.annotations?.[annotation])) {
      const message = `${object.kind} ${object.metadata.name} is a sync hook: hooks are not run, it is left out`;
      warnings.push({ type: "ExcludedResourceWarning", message });
      continue;
    }
    const target = toTarget(object, options);
    if (targets.has(target.key)) {
      const message = `${target.kind} ${target.name} appears more than once: the last one counts`;
      warnings.push({ type: "RepeatedResourceWarning", message });
    }
    targets.delete(target.key);
    targets.set(target.key, target);
  }
  return { targets: [...targets.values()], warnings };
}

function toTarget(object: Unstructured, { instance, destinationNamespace, isNamespaced }: TargetOptions): Target {
  const { namespace: given, ...metadata } = object.metadata;
  const namespaced = isNamespaced(object.apiVersion, object.kind) ?? true;
  const namespace = namespaced ? given || destinationNamespace : undefined;
  const placed: Unstructured = { ...object, metadata: { ...metadata, ...(namespace && { namespace }) } };
  const annotations = { ...metadata.annotations, [TRACKING_ID]: trackingId(instance, placed, destinationNamespace) };
  const identity = identityOf(placed);
  const version = object.apiVersion.slice(object.apiVersion.indexOf("/") + 1);
  return {
    ...identity,
    key: identityKey(identity),
    version,
    object: { ...placed, metadata: { ...placed.metadata, annotations } },
  };
}
