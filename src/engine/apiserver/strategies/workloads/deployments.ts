/** Deployments and replica sets. */
import type { Deployment, DeploymentSpec, ReplicaSet, ReplicaSetSpec } from "#api/builtin/types.gen.ts";
import type { FieldError } from "#kit/status.ts";
import { warnOfName } from "../pods/warnings.ts";
import { checkCountOrShare, checkNotAboveWhole, isNone } from "../rules/numbers.ts";
import { type Report, violations } from "../rules/report.ts";
import type { Strategy } from "../strategy.ts";
import {
  checkCounters,
  checkKept,
  checkParts,
  checkPermanent,
  checkSelecting,
  defaultTemplate,
  draftOf,
  warnOfOwnTemplate,
} from "./shared.ts";

export const deploymentStrategy: Strategy = {
  generation: true,
  countsAnnotations: true,
  warn: (draft, current) => [
    ...(current ? [] : warnOfName(draft.metadata.name)),
    ...warnOfOwnTemplate(draftOf<Deployment>(draft).spec?.template, "spec.template", [draft, current]),
  ],
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
  prepareCreate: (draft) => {
    draft.status = {};
  },
  validate: (draft, current) =>
    violations((report) => {
      const { spec } = draftOf<Deployment>(draft);
      checkDeployment(spec ?? {}, report.at("spec"));
      if (current)
        checkKept(spec?.selector, draftOf<Deployment>(current).spec?.selector, report.at("spec", "selector"));
    }),
  prepareStatus: (draft, current) => {
    const { labels } = current.metadata;
    delete draft.metadata.labels;
    if (labels) draft.metadata.labels = { ...labels };
  },
  validateStatus: (draft, current) =>
    violations((report) => {
      const { status = {} } = draftOf<Deployment>(draft);
      const at = report.at("status");
      checkCounters(status, ["observedGeneration", ...COUNTERS, "collisionCount"], at);
      checkParts(status, ["updatedReplicas", "readyReplicas", "availableReplicas"], OF_REPLICAS, at);
      checkParts(status, ["availableReplicas"], OF_READY, at);
      const before = draftOf<Deployment>(current).status?.collisionCount;
      if (before !== undefined && (status.collisionCount ?? 0) < before)
        at.at("collisionCount").invalid(status.collisionCount ?? 0, "cannot be decremented");
    }),
};

const COUNTERS = [
  "replicas",
  "updatedReplicas",
  "readyReplicas",
  "availableReplicas",
  "unavailableReplicas",
  "terminatingReplicas",
];
const OF_REPLICAS = ["replicas", "cannot be greater than status.replicas"] as const;
const OF_READY = ["readyReplicas", "cannot be greater than readyReplicas"] as const;

function checkDeployment(spec: Partial<DeploymentSpec>, report: Report): void {
  const { minReadySeconds = 0, progressDeadlineSeconds: deadline } = spec;
  report.at("replicas").notNegative(spec.replicas);
  checkSelecting(spec as DeploymentSpec, "deployment", report);
  checkPermanent(spec.template, "ReplicaSet", report);
  checkStrategy(spec.strategy ?? {}, report.at("strategy"));
  report.at("minReadySeconds").notNegative(minReadySeconds);
  report.at("revisionHistoryLimit").notNegative(spec.revisionHistoryLimit);
  if (deadline === undefined) return;
  report.at("progressDeadlineSeconds").notNegative(deadline);
  if (deadline <= minReadySeconds)
    report.at("progressDeadlineSeconds").invalid(deadline, "must be greater than minReadySeconds");
}

function checkStrategy(strategy: NonNullable<DeploymentSpec["strategy"]>, report: Report): void {
  const { type, rollingUpdate } = strategy;
  if (type === undefined) return;
  const at = report.at("rollingUpdate");
  if (type === "Recreate") {
    if (rollingUpdate) at.forbidden("may not be specified when strategy `type` is 'Recreate'");
  } else if (type !== "RollingUpdate")
    report.notSupported({ Type: type, RollingUpdate: rollingUpdate ?? null }, ["Recreate", "RollingUpdate"]);
  else if (!rollingUpdate) at.required("this should be defaulted and never be nil");
  else {
    const { maxUnavailable, maxSurge } = rollingUpdate;
    checkCountOrShare(maxUnavailable, at.at("maxUnavailable"));
    checkCountOrShare(maxSurge, at.at("maxSurge"));
    if (isNone(maxUnavailable) && isNone(maxSurge))
      at.at("maxUnavailable").invalid(maxUnavailable, "may not be 0 when `maxSurge` is 0");
    checkNotAboveWhole(maxUnavailable, at.at("maxUnavailable"));
  }
}

export const replicaSetStrategy: Strategy = {
  warn: (draft, current) => [
    ...(current ? [] : warnOfName(draft.metadata.name)),
    ...warnOfOwnTemplate(draftOf<ReplicaSet>(draft).spec?.template, "spec.template", [draft, current]),
  ],
  generation: true,
  defaults: (draft) => {
    const { spec } = draftOf<ReplicaSet>(draft);
    if (!spec) return;
    spec.replicas ??= 1;
    defaultTemplate(spec.template);
  },
  prepareCreate: (draft) => {
    draft.status = {};
  },
  validate: (draft, current) =>
    violations((report) => {
      const { spec } = draftOf<ReplicaSet>(draft);
      checkReplicaSet(spec ?? {}, report.at("spec"));
      if (current)
        checkKept(spec?.selector, draftOf<ReplicaSet>(current).spec?.selector, report.at("spec", "selector"));
    }),
  validateStatus: (draft) => replicaStatusProblems(draftOf<ReplicaSet>(draft).status ?? { replicas: 0 }),
};

function checkReplicaSet(spec: Partial<ReplicaSetSpec>, report: Report): void {
  report.at("replicas").notNegative(spec.replicas);
  report.at("minReadySeconds").notNegative(spec.minReadySeconds);
  checkSelecting(spec as ReplicaSetSpec, "deployment", report);
  checkPermanent(spec.template, "ReplicaSet", report);
}

/** What is wrong with the counters of a replica set or a replication controller. */
export function replicaStatusProblems(status: NonNullable<ReplicaSet["status"]>): FieldError[] {
  return violations((report) => {
    const at = report.at("status");
    const parts = ["fullyLabeledReplicas", "readyReplicas", "availableReplicas"];
    checkCounters(status, ["replicas", ...parts, "observedGeneration"], at);
    checkParts(status, parts, OF_REPLICAS, at);
    checkParts(status, ["availableReplicas"], OF_READY, at);
  });
}
