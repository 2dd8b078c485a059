/** Which pods and claims a quota with scopes is for. Pure. */
import type {
  PersistentVolumeClaim,
  Pod,
  PodAffinityTerm,
  ResourceQuota,
  ScopedResourceSelectorRequirement,
} from "#api/builtin/types.gen.ts";
import type { ResourceId } from "#kit/status.ts";
import { qualityOf } from "../strategies/pods/quality.ts";

type Selector = Pick<ScopedResourceSelectorRequirement, "scopeName" | "operator" | "values">;

/** Whether all scopes of the quota let the object in. Scopes of one kind of object let no other in. */
export function isInScope({ spec }: ResourceQuota, { group, resource }: ResourceId, object: unknown): boolean {
  const selectors: Selector[] = [
    ...(spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: "Exists" })),
    ...(spec?.scopeSelector?.matchExpressions ?? []),
  ];
  if (selectors.length === 0) return true;
  if (group === "" && resource === "pods") return selectors.every((selector) => fitsPod(selector, object as Pod));
  if (group === "" && resource === "persistentvolumeclaims")
    return selectors.every((selector) => fitsClaim(selector, object as PersistentVolumeClaim));
  return false;
}

function fitsPod(selector: Selector, pod: Pod): boolean {
  const isEnding = pod.spec.activeDeadlineSeconds !== undefined;
  switch (selector.scopeName) {
    case "Terminating":
      return isEnding;
    case "NotTerminating":
      return !isEnding;
    case "BestEffort":
      return qualityOf(pod.spec) === "BestEffort";
    case "NotBestEffort":
      return qualityOf(pod.spec) !== "BestEffort";
    case "PriorityClass":
      return fitsNames(selector, pod.spec.priorityClassName ? [pod.spec.priorityClassName] : []);
    case "CrossNamespacePodAffinity":
      return looksElsewhere(pod);
    default:
      return false;
  }
}

function fitsClaim(selector: Selector, { spec, status }: PersistentVolumeClaim): boolean {
  if (selector.scopeName !== "VolumeAttributesClass") return false;
  const names = [
    spec?.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ];
  return fitsNames(
    selector,
    names.filter((name) => name !== undefined),
  );
}

function fitsNames({ operator, values = [] }: Selector, names: readonly string[]): boolean {
  switch (operator) {
    case "In":
      return names.some((name) => values.includes(name));
    case "NotIn":
      return names.length === 0 || names.some((name) => !values.includes(name));
    case "Exists":
      return names.length > 0;
    default:
      return names.length === 0;
  }
}

/** Whether the pod's affinity is about pods of other namespaces. */
function looksElsewhere({ spec }: Pod): boolean {
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {};
  return [podAffinity, podAntiAffinity].some((affinity) => {
    const required = affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    const preferred = affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    return [...required, ...preferred.map(({ podAffinityTerm }) => podAffinityTerm)].some(namesOthers);
  });
}

function namesOthers({ namespaces, namespaceSelector }: PodAffinityTerm): boolean {
  return Boolean(namespaces?.length) || namespaceSelector !== undefined;
}
