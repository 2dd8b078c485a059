/** What a new or edited convention would change, before it is applied: which intents, and what in each. */
import type * as k8s from "#api/builtin/types.gen.ts";
import type { ClusterPodConvention, PodIntent } from "#api/conventions.carto.run/index.ts";
import { deepEqual } from "#kit/json.ts";
import { diffLines } from "#kit/line-diff.ts";
import { renderYaml } from "#kit/yaml.ts";
import { planConventions } from "../plan.ts";

type Subject = { namespace: string; name: string; workload?: string };
/** `diff` is of the YAML of the pod templates. */
export type Change = Subject & { before: k8s.PodTemplateSpec; after: k8s.PodTemplateSpec; diff: string[] };
export type Preview = {
  changed: Change[];
  unchanged: Subject[];
  failed: (Subject & { message: string })[];
  /** Intents that neither the old nor the new version selects. */
  notSelected: Subject[];
};

export type PreviewInput = {
  /** New and edited conventions; those of the same name are replaced. */
  edited: readonly ClusterPodConvention[];
  conventions: readonly ClusterPodConvention[];
  intents: readonly PodIntent[];
};

type Plan = { intent: PodIntent; plan: ClusterPodConvention[]; isSelected: boolean };

/** The conventions that each intent would get. Throws ConventionFailure on a selector that does not parse. */
export function planPreview({ edited, conventions, intents }: PreviewInput): Plan[] {
  const names = new Set(edited.map(({ metadata }) => metadata.name));
  const old = conventions.filter(({ metadata }) => names.has(metadata.name));
  const next = [...conventions.filter(({ metadata }) => !names.has(metadata.name)), ...edited];
  return intents.map((intent) => ({
    intent,
    plan: planConventions(intent, next),
    isSelected: planConventions(intent, [...old, ...edited]).length > 0,
  }));
}

/** Evaluates every intent that is selected and compares the result with what its status says now. */
export async function previewConventions(
  input: PreviewInput,
  evaluate: (intent: PodIntent, plan: readonly ClusterPodConvention[]) => Promise<k8s.PodTemplateSpec>,
): Promise<Preview> {
  const preview: Preview = { changed: [], unchanged: [], failed: [], notSelected: [] };
  for (const { intent, plan, isSelected } of planPreview(input)) {
    const subject = subjectOf(intent);
    if (!isSelected) {
      preview.notSelected.push(subject);
      continue;
    }
    try {
      const after = await evaluate(intent, plan);
      const before = intent.status?.template ?? intent.spec.template;
      if (deepEqual(before, after)) preview.unchanged.push(subject);
      else preview.changed.push({ ...subject, before, after, diff: diffLines(linesOf(before), linesOf(after)) });
    } catch (error) {
      preview.failed.push({ ...subject, message: (error as Error).message });
    }
  }
  return preview;
}

function subjectOf({ metadata }: PodIntent): Subject {
  const { namespace = "", name, labels, ownerReferences = [] } = metadata;
  const owner = ownerReferences.find(({ kind }) => kind === "Workload")?.name;
  const workload = owner ?? labels?.["carto.run/workload-name"];
  return { namespace, name, ...(workload && { workload }) };
}

function linesOf(template: k8s.PodTemplateSpec): string[] {
  return renderYaml(template).trimEnd().split("\n");
}
