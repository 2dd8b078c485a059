/** Which conventions are applied to an intent, in which order. Pure; spec: the Convention Service's ordering and selection. */
import type { ClusterPodConvention, PodIntent } from "#api/conventions.carto.run/index.ts";
import { compileSelector } from "#kit/selector.ts";
import { ConventionFailure } from "./convention.ts";

const PRIORITIES = ["Early", "Normal", "Late"];

/** The conventions that select the intent: by priority, then by name. Throws ConventionFailure on a selector that does not parse. */
export function planConventions(
  intent: PodIntent,
  conventions: readonly ClusterPodConvention[],
): ClusterPodConvention[] {
  return conventions
    .filter((convention) => selects(convention, intent))
    .sort((left, right) => rank(left) - rank(right) || compare(left.metadata.name, right.metadata.name));
}

function selects(convention: ClusterPodConvention, intent: PodIntent): boolean {
  const { selectors = [], selectorTarget = "PodTemplateSpec" } = convention.spec;
  const labels = selectorTarget === "PodIntent" ? intent.metadata.labels : intent.spec.template.metadata?.labels;
  try {
    return selectors.length === 0 || selectors.some((selector) => compileSelector(selector)(labels));
  } catch (error) {
    const why = `converting label selector for clusterPodConvention "${convention.metadata.name}" failed`;
    throw new ConventionFailure("LabelSelector", `filtering conventions failed: ${why}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function rank(convention: ClusterPodConvention): number {
  return PRIORITIES.indexOf(convention.spec.priority ?? "Normal");
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
