/** Columns of the kinds that make pods. */
import type {
  ControllerRevision,
  CronJob,
  DaemonSet,
  Deployment,
  Job,
  PodTemplate,
  PodTemplateSpec,
  ReplicaSet,
  ReplicationController,
  StatefulSet,
} from "#api/builtin/types.gen.ts";
import { isTrue } from "#kit/conditions.ts";
import type { LabelSelector } from "#kit/selector.ts";
import { renderAge, renderDuration } from "../age.ts";
import { type ColumnsByKind, columns, flag, inOrder, integer, pairs, type TableColumn, text } from "../columns.ts";
import { renderSelector } from "../selector.ts";

type Templated = { spec?: { template?: PodTemplateSpec; selector?: LabelSelector } };

function containers(template: PodTemplateSpec | undefined): string {
  return (template?.spec?.containers ?? []).map(({ name }) => name).join(",");
}

function images(template: PodTemplateSpec | undefined): string {
  return (template?.spec?.containers ?? []).map(({ image }) => image ?? "").join(",");
}

function template<T extends Templated>(): TableColumn<T>[] {
  return [
    text("Containers", ({ spec }) => containers(spec?.template), true),
    text("Images", ({ spec }) => images(spec?.template), true),
  ];
}

function selector<T extends Templated>(): TableColumn<T> {
  return text("Selector", ({ spec }) => renderSelector(spec?.selector) || "<none>", true);
}

function replicas<T extends ReplicaSet | ReplicationController>(): TableColumn<T>[] {
  return [
    integer("Desired", ({ spec }) => spec?.replicas ?? 0),
    integer("Current", ({ status }) => status?.replicas ?? 0),
    integer("Ready", ({ status }) => status?.readyReplicas ?? 0),
  ];
}

function jobStatus({ metadata, status }: Job): string {
  const isSet = (type: string): boolean => isTrue({ status } as never, type);
  if (isSet("Complete")) return "Complete";
  if (isSet("Failed")) return "Failed";
  if (metadata.deletionTimestamp) return "Terminating";
  if (isSet("Suspended")) return "Suspended";
  if (isSet("FailureTarget")) return "FailureTarget";
  return isSet("SuccessCriteriaMet") ? "SuccessCriteriaMet" : "Running";
}

function jobCompletions({ spec, status }: Job): string {
  const done = status?.succeeded ?? 0;
  if (spec?.completions !== undefined) return `${done}/${spec.completions}`;
  const { parallelism = 0 } = spec ?? {};
  return parallelism > 1 ? `${done}/1 of ${parallelism}` : `${done}/1`;
}

function jobDuration({ status }: Job, now: Date): string {
  if (!status?.startTime) return "";
  const end = status.completionTime ? Date.parse(status.completionTime) : now.getTime();
  return renderDuration(end - Date.parse(status.startTime));
}

function lastSchedule({ status }: CronJob, now: Date): string {
  return status?.lastScheduleTime ? renderAge(status.lastScheduleTime, now) : "<none>";
}

function controllerOf({ metadata }: ControllerRevision): string {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller);
  if (!owner) return "<none>";
  const group = owner.apiVersion.includes("/") ? `.${owner.apiVersion.slice(0, owner.apiVersion.indexOf("/"))}` : "";
  return `${owner.kind.toLowerCase()}${group}/${owner.name}`;
}

/** By `group/plural`. */
export const WORKLOAD_COLUMNS: ColumnsByKind = {
  "apps/deployments": columns<Deployment>(
    text("Ready", ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 0}`),
    text("Up-to-date", ({ status }) => status?.updatedReplicas ?? 0),
    text("Available", ({ status }) => status?.availableReplicas ?? 0),
    ...template<Deployment>(),
    selector<Deployment>(),
  ),
  "apps/replicasets": columns<ReplicaSet>(...replicas<ReplicaSet>(), ...template<ReplicaSet>(), selector<ReplicaSet>()),
  "/replicationcontrollers": columns<ReplicationController>(
    ...replicas<ReplicationController>(),
    text("Containers", ({ spec }) => containers(spec?.template), true),
    text("Images", ({ spec }) => images(spec?.template), true),
    text("Selector", ({ spec }) => pairs(spec?.selector), true),
  ),
  "apps/statefulsets": columns<StatefulSet>(
    text("Ready", ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 0}`),
    ...template<StatefulSet>(),
  ),
  "apps/daemonsets": columns<DaemonSet>(
    integer("Desired", ({ status }) => status?.desiredNumberScheduled ?? 0),
    integer("Current", ({ status }) => status?.currentNumberScheduled ?? 0),
    integer("Ready", ({ status }) => status?.numberReady ?? 0),
    integer("Up-to-date", ({ status }) => status?.updatedNumberScheduled ?? 0),
    integer("Available", ({ status }) => status?.numberAvailable ?? 0),
    text("Node Selector", ({ spec }) => pairs(spec.template?.spec?.nodeSelector)),
    ...template<DaemonSet>(),
    selector<DaemonSet>(),
  ),
  "apps/controllerrevisions": columns<ControllerRevision>(
    text("Controller", controllerOf),
    text("Revision", ({ revision }) => revision ?? 0),
  ),
  "batch/jobs": columns<Job>(
    text("Status", jobStatus),
    text("Completions", jobCompletions),
    text("Duration", jobDuration),
    ...template<Job>(),
    selector<Job>(),
  ),
  "batch/cronjobs": columns<CronJob>(
    text("Schedule", ({ spec }) => spec.schedule),
    text("Timezone", ({ spec }) => spec.timeZone ?? "<none>"),
    flag("Suspend", ({ spec }) => (spec.suspend ? "True" : "False")),
    integer("Active", ({ status }) => status?.active?.length ?? 0),
    text("Last Schedule", lastSchedule),
    text("Containers", ({ spec }) => containers(spec.jobTemplate?.spec?.template), true),
    text("Images", ({ spec }) => images(spec.jobTemplate?.spec?.template), true),
    text("Selector", ({ spec }) => renderSelector(spec.jobTemplate?.spec?.selector) || "<none>", true),
  ),
  "/podtemplates": inOrder<PodTemplate>(
    text("Containers", (object) => containers(object.template)),
    text("Images", (object) => images(object.template)),
    text("Pod Labels", (object) => pairs(object.template?.metadata?.labels)),
  ),
};
