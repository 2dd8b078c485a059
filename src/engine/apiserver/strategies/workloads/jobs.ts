/** Jobs: defaults, the labels by which they know their pods, and what may change. */
import type { Job, JobSpec, PodTemplateSpec } from "#api/builtin/types.gen.ts";
import type { ObjectMeta, Unstructured } from "#api/meta.ts";
import { clone, deepEqual, type Mutable } from "#kit/json.ts";
import { warnOfName } from "../pods/warnings.ts";
import { type Report, violations } from "../rules/report.ts";
import type { Strategy } from "../strategy.ts";
import { checkJobSpec } from "./job-spec.ts";
import { jobStatusProblems } from "./job-status.ts";
import { checkKept, defaultTemplate, draftOf, warnOfOwnTemplate } from "./shared.ts";

const CONTROLLER_UID = "batch.kubernetes.io/controller-uid";
const LONGEST_LABEL = 63;
const JOB_NAME = "batch.kubernetes.io/job-name";

const MANY = { completions: 100_000, parallelism: 10_000 };

function warnOfSize(spec: JobSpec | undefined): string[] {
  const { completionMode, completions = 0, parallelism = 0 } = spec ?? {};
  if (completionMode !== "Indexed" || completions <= MANY.completions || parallelism <= MANY.parallelism) return [];
  return [
    "spec: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail",
  ];
}

/** Fills in the spec of a job. */
function defaultJobSpec(spec: Mutable<JobSpec>): void {
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : 2_147_483_647;
  spec.completionMode ??= "NonIndexed";
  spec.suspend ??= false;
  spec.manualSelector ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? "Failed" : "TerminatingOrFailed";
  for (const rule of spec.podFailurePolicy?.rules ?? [])
    for (const condition of rule.onPodConditions ?? []) condition.status ??= "True";
  defaultTemplate(spec.template);
}

/** Jobs select their pods by a label that carries the job's uid, unless the writer takes care of it. */
function selectOwnPods(draft: Unstructured): void {
  const { metadata, spec } = draftOf<Job>(draft);
  if (!spec || spec.manualSelector) return;
  const uid = metadata.uid ?? "";
  const template = spec.template as Mutable<PodTemplateSpec>;
  const labels = { "controller-uid": uid, "job-name": metadata.name, [CONTROLLER_UID]: uid, [JOB_NAME]: metadata.name };
  template.metadata = {
    ...template.metadata,
    labels: { ...template.metadata?.labels, ...labels },
  } as Mutable<ObjectMeta>;
  spec.selector = {
    ...spec.selector,
    matchLabels: { ...spec.selector?.matchLabels, [CONTROLLER_UID]: uid },
  };
}

/** A job without labels has those of its pods. Names that are too long for labels are refused in the template. */
function labelLikePods(draft: Unstructured): void {
  const { metadata, spec } = draftOf<Job>(draft);
  const labels = spec?.template?.metadata?.labels;
  const isEmpty = Object.keys(metadata.labels ?? {}).length === 0;
  if (isEmpty && labels && metadata.name.length <= LONGEST_LABEL) metadata.labels = { ...labels };
}

export const jobStrategy: Strategy = {
  warn: (draft, current) => [
    ...(current ? [] : [...warnOfName(draft.metadata.name), ...warnOfSize(draftOf<Job>(draft).spec)]),
    ...warnOfOwnTemplate(draftOf<Job>(draft).spec?.template, "spec.template", [draft, current]),
  ],
  generation: true,
  orphansByDefault: {
    warning:
      "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning",
  },
  defaults: (draft) => {
    const { spec, metadata } = draftOf<Job>(draft);
    if (!spec) return;
    const labels = spec.template?.metadata?.labels;
    if (Object.keys(metadata.labels ?? {}).length === 0 && Object.keys(labels ?? {}).length > 0)
      metadata.labels = { ...labels };
    defaultJobSpec(spec);
  },
  prepareCreate: (draft) => {
    draft.status = {};
    const { metadata, spec } = draftOf<Job>(draft);
    const isCopy = deepEqual(metadata.labels, spec?.template?.metadata?.labels);
    selectOwnPods(draft);
    if (isCopy) delete metadata.labels;
    labelLikePods(draft);
  },
  validate: (draft, current) =>
    violations((report) => {
      const job = draftOf<Job>(draft);
      const at = report.at("spec");
      checkOwnSelector(job, at);
      checkJobSpec(job.spec, at);
      if (!current) return;
      checkJobSpec(job.spec, at);
      checkChange(job.spec, draftOf<Job>(current), at);
    }),
  validateStatus: jobStatusProblems,
};

function checkOwnSelector({ spec, metadata }: Mutable<Job>, report: Report): void {
  if (!spec || spec.manualSelector) return;
  const own = { matchLabels: { [CONTROLLER_UID]: metadata.uid } };
  if (!deepEqual(spec.selector, own))
    report.at("selector").invalid(spec.selector ?? null, "`selector` not auto-generated");
}

function checkChange(next: Mutable<JobSpec> | undefined, { spec: before, status }: Mutable<Job>, report: Report): void {
  if (!next || !before) return;
  checkCompletions(next, before, report.at("completions"));
  checkKept(next.selector, before.selector, report.at("selector"));
  checkTemplateChange(next, before, status?.startTime !== undefined, report.at("template"));
  for (const field of [
    "completionMode",
    "podFailurePolicy",
    "backoffLimitPerIndex",
    "maxFailedIndexes",
    "managedBy",
    "successPolicy",
  ] as const)
    checkKept(next[field], before[field], report.at(field));
}

/** An indexed job may grow and shrink as long as all its pods run at once. */
function checkCompletions(next: Mutable<JobSpec>, before: Mutable<JobSpec>, report: Report): void {
  if (before.completionMode !== "Indexed" || next.completions === undefined || before.completions === undefined) {
    if (next.completionMode !== "Indexed") checkKept(next.completions, before.completions, report);
    return;
  }
  if (next.completions === before.completions || next.completions === next.parallelism) return;
  report.invalid(next.completions, "can only be modified in tandem with spec.parallelism");
}

/** Where the pods of a job run may be changed while the job waits, and has not begun yet. */
function checkTemplateChange(next: Mutable<JobSpec>, before: Mutable<JobSpec>, begun: boolean, report: Report): void {
  if (deepEqual(next.template, before.template)) return;
  const waits = before.suspend === true && next.suspend === true;
  if (!before.suspend || begun) {
    checkKept(next.template, before.template, report);
    return;
  }
  const allowed = clone(before.template) as Mutable<PodTemplateSpec>;
  const [wanted, spec] = [next.template?.spec, allowed.spec];
  allowed.metadata = clone(next.template?.metadata ?? {}) as Mutable<ObjectMeta>;
  if (spec && wanted) {
    for (const field of ["nodeSelector", "tolerations", "schedulingGates"] as const) copy(spec, wanted, field);
    copy(spec, wanted, "affinity");
    if (waits) copyResources(spec, wanted);
  }
  if (!deepEqual(next.template?.metadata, allowed.metadata) || !deepEqual(wanted, spec))
    report.at("spec").invalid(wanted ?? null, "field is immutable");
}

function copy(to: object, from: object, field: string): void {
  const value = (from as Record<string, unknown>)[field];
  if (value === undefined) delete (to as Record<string, unknown>)[field];
  else (to as Record<string, unknown>)[field] = clone(value);
}

type PodSpec = NonNullable<Mutable<PodTemplateSpec>["spec"]>;

function copyResources(to: PodSpec, from: PodSpec): void {
  for (const list of ["containers", "initContainers"] as const)
    to[list]?.forEach((container, index) => {
      const other = from[list]?.[index];
      if (other?.name === container.name) copy(container, other, "resources");
    });
}
