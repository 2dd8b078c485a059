/** Deployments, replica sets, stateful sets, daemon sets, jobs and cron jobs. */
import type {
  CronJob,
  DaemonSet,
  Deployment,
  Job,
  PodTemplateSpec,
  ReplicaSet,
  StatefulSet,
} from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import type { Mutable } from "#kit/json.ts";
import { compileSelector, type LabelSelector } from "#kit/selector.ts";
import type { FieldError } from "#kit/status.ts";
import { immutable, onlyMayChange } from "./immutable.ts";
import { defaultPodSpec, validatePodSpec } from "./pods.ts";
import type { Strategy } from "./strategy.ts";

function draftOf<T>(object: Unstructured): Mutable<T> {
  return object as unknown as Mutable<T>;
}

function defaultTemplate(template: Mutable<PodTemplateSpec> | undefined): void {
  if (!template) return;
  template.metadata ??= {} as Mutable<NonNullable<PodTemplateSpec["metadata"]>>;
  if (template.spec) defaultPodSpec(template.spec);
}

type Selecting = { spec?: { selector?: LabelSelector; template?: PodTemplateSpec } };

function validateFixedSelector(object: Unstructured, current: Unstructured | undefined): FieldError[] {
  const errors = validateSelecting(object);
  if (!current) return errors;
  return [
    ...errors,
    ...immutable("spec.selector", (object as Selecting).spec?.selector, (current as Selecting).spec?.selector),
  ];
}

function validateSelecting(object: Unstructured): FieldError[] {
  const { selector, template } = (object as Selecting).spec ?? {};
  const errors: FieldError[] = [];
  if (!selector) errors.push({ field: "spec.selector", reason: "FieldValueRequired", message: "Required value" });
  else if (!compileSelector(selector)(template?.metadata?.labels))
    errors.push({
      field: "spec.template.metadata.labels",
      reason: "FieldValueInvalid",
      message: `Invalid value: ${JSON.stringify(template?.metadata?.labels ?? null)}: \`selector\` does not match template \`labels\``,
    });
  return [...errors, ...validatePodSpec(template?.spec, "spec.template.spec")];
}

export const deploymentStrategy: Strategy = {
  generation: true,
  defaults: (draft) => {
    const { spec } = draftOf<Deployment>(draft);
    if (!spec) return;
    spec.replicas ??= 1;
    spec.strategy ??= {};
    spec.strategy.type ??= "RollingUpdate";
    if (spec.strategy.type === "RollingUpdate") {
      spec.strategy.rollingUpdate ??= {};
      spec.strategy.rollingUpdate.maxUnavailable ??= "25%";
      spec.strategy.rollingUpdate.maxSurge ??= "25%";
    }
    spec.revisionHistoryLimit ??= 10;
    spec.progressDeadlineSeconds ??= 600;
    defaultTemplate(spec.template);
  },
  validate: validateFixedSelector,
};

export const replicaSetStrategy: Strategy = {
  generation: true,
  defaults: (draft) => {
    const { spec } = draftOf<ReplicaSet>(draft);
    if (!spec) return;
    spec.replicas ??= 1;
    defaultTemplate(spec.template);
  },
  validate: validateFixedSelector,
};

const STATEFUL_MUTABLE = [
  "replicas",
  "ordinals",
  "template",
  "updateStrategy",
  "persistentVolumeClaimRetentionPolicy",
  "minReadySeconds",
  "revisionHistoryLimit",
];
const STATEFUL_FIXED =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

export const statefulSetStrategy: Strategy = {
  generation: true,
  defaults: (draft) => {
    const { spec } = draftOf<StatefulSet>(draft);
    if (!spec) return;
    spec.replicas ??= 1;
    spec.podManagementPolicy ??= "OrderedReady";
    spec.updateStrategy ??= {};
    spec.updateStrategy.type ??= "RollingUpdate";
    if (spec.updateStrategy.type === "RollingUpdate") {
      spec.updateStrategy.rollingUpdate ??= {};
      spec.updateStrategy.rollingUpdate.partition ??= 0;
    }
    spec.revisionHistoryLimit ??= 10;
    defaultTemplate(spec.template);
  },
  validate: (draft, current) => [
    ...validateSelecting(draft),
    ...(current
      ? onlyMayChange(STATEFUL_MUTABLE, { next: draft.spec, before: current.spec, why: STATEFUL_FIXED })
      : []),
  ],
};

export const daemonSetStrategy: Strategy = {
  generation: true,
  defaults: (draft) => {
    const { spec } = draftOf<DaemonSet>(draft);
    if (!spec) return;
    spec.updateStrategy ??= {};
    spec.updateStrategy.type ??= "RollingUpdate";
    if (spec.updateStrategy.type === "RollingUpdate") {
      spec.updateStrategy.rollingUpdate ??= {};
      spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1;
      spec.updateStrategy.rollingUpdate.maxSurge ??= 0;
    }
    spec.revisionHistoryLimit ??= 10;
    defaultTemplate(spec.template);
  },
  validate: validateFixedSelector,
};

function defaultJobSpec(spec: Mutable<Job["spec"]> | undefined): void {
  if (!spec) return;
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : 2147483647;
  spec.completionMode ??= "NonIndexed";
  spec.suspend ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? "Failed" : "TerminatingOrFailed";
  defaultTemplate(spec.template);
}

/** Jobs select their pods by a label that carries the job's uid, unless the writer takes care of it. */
function selectOwnPods(draft: Unstructured): void {
  const { metadata, spec } = draftOf<Job>(draft);
  if (!spec?.template || spec.manualSelector || spec.selector) return;
  const uid = metadata.uid ?? "";
  spec.selector = { matchLabels: { "batch.kubernetes.io/controller-uid": uid } };
  const labels = {
    "batch.kubernetes.io/controller-uid": uid,
    "batch.kubernetes.io/job-name": metadata.name,
    "controller-uid": uid,
    "job-name": metadata.name,
  };
  spec.template.metadata = {
    ...spec.template.metadata,
    labels: { ...spec.template.metadata?.labels, ...labels },
  } as Mutable<NonNullable<PodTemplateSpec["metadata"]>>;
}

function validateRestartPolicy(policy: string | undefined, path: string): FieldError[] {
  if (policy === "Never" || policy === "OnFailure") return [];
  const message = `Unsupported value: "${policy ?? ""}": supported values: "OnFailure", "Never"`;
  return [{ field: `${path}.restartPolicy`, reason: "FieldValueNotSupported", message }];
}

function validateJobChange(next: Job["spec"], before: Job["spec"]): FieldError[] {
  const isElastic = next?.completionMode === "Indexed" && next.completions === next.parallelism;
  return [
    ...(isElastic ? [] : immutable("spec.completions", next?.completions, before?.completions)),
    ...immutable("spec.selector", next?.selector, before?.selector),
    ...(before?.suspend ? [] : immutable("spec.template", next?.template, before?.template)),
    ...immutable("spec.completionMode", next?.completionMode, before?.completionMode),
  ];
}

export const jobStrategy: Strategy = {
  generation: true,
  defaults: (draft) => defaultJobSpec(draftOf<Job>(draft).spec),
  prepareCreate: selectOwnPods,
  validate: (draft, current) => {
    const spec = draftOf<Job>(draft).spec?.template?.spec;
    const path = "spec.template.spec";
    return [
      ...validatePodSpec(spec, path),
      ...validateRestartPolicy(spec?.restartPolicy, path),
      ...(current ? validateJobChange(draftOf<Job>(draft).spec, draftOf<Job>(current).spec) : []),
    ];
  },
};

export const cronJobStrategy: Strategy = {
  generation: true,
  defaults: (draft) => {
    const { spec } = draftOf<CronJob>(draft);
    if (!spec) return;
    spec.concurrencyPolicy ??= "Allow";
    spec.suspend ??= false;
    spec.successfulJobsHistoryLimit ??= 3;
    spec.failedJobsHistoryLimit ??= 1;
    const template = spec.jobTemplate?.spec?.template;
    defaultTemplate(template);
  },
  validate: (draft) => {
    const spec = draftOf<CronJob>(draft).spec;
    const errors: FieldError[] = [];
    if (!spec?.schedule)
      errors.push({ field: "spec.schedule", reason: "FieldValueRequired", message: "Required value" });
    const pod = spec?.jobTemplate?.spec?.template?.spec;
    const path = "spec.jobTemplate.spec.template.spec";
    return [...errors, ...validatePodSpec(pod, path), ...validateRestartPolicy(pod?.restartPolicy, path)];
  },
};
