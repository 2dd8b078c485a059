/** Keys of labels whose values a new pod has: what they mean is written into the selectors that name them. */
import type { Pod, PodAffinityTerm } from "#api/builtin/types.gen.ts";
import type { Mutable } from "#kit/json.ts";

type Selector = NonNullable<Mutable<PodAffinityTerm>["labelSelector"]>;

/** Completes the selectors of the pod's affinity to other pods, and of its spreading. */
export function mergeLabelKeys({ metadata: { labels = {} }, spec }: Mutable<Pod>): void {
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {};
  for (const affinity of [podAffinity, podAntiAffinity]) {
    const preferred = affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    const required = affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    for (const term of [...preferred.map(({ podAffinityTerm }) => podAffinityTerm), ...required]) {
      merge(term.labelSelector, "In", term.matchLabelKeys, labels);
      merge(term.labelSelector, "NotIn", term.mismatchLabelKeys, labels);
    }
  }
  for (const { labelSelector, matchLabelKeys } of spec.topologySpreadConstraints ?? [])
    merge(labelSelector, "In", matchLabelKeys, labels);
}

/** No selector means no pod, whatever its labels are. */
function merge(
  selector: Selector | undefined,
  operator: "In" | "NotIn",
  keys: readonly string[] = [],
  labels: Readonly<Record<string, string>>,
): void {
  const added = keys.flatMap((key) => {
    const value = labels[key];
    return value === undefined ? [] : [{ key, operator, values: [value] }];
  });
  if (selector && added.length > 0) selector.matchExpressions = [...(selector.matchExpressions ?? []), ...added];
}
