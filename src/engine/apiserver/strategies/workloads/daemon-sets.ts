/** Daemon sets and the revisions of controllers. */
import type { ControllerRevision, DaemonSet, DaemonSetSpec } from "#api/builtin/types.gen.ts";
import { deepEqual } from "#kit/json.ts";
import { checkCountOrShare, checkNotAboveWhole, isNone } from "../rules/numbers.ts";
import { type Report, violations } from "../rules/report.ts";
import type { Strategy } from "../strategy.ts";
import {
  checkCounters,
  checkKept,
  checkPermanent,
  checkSelecting,
  defaultTemplate,
  draftOf,
  warnOfOwnTemplate,
} from "./shared.ts";

const TEMPLATE_GENERATION = "deprecated.daemonset.template.generation";
const COUNTERS = [
  "currentNumberScheduled",
  "numberMisscheduled",
  "desiredNumberScheduled",
  "numberReady",
  "observedGeneration",
  "updatedNumberScheduled",
  "numberAvailable",
  "numberUnavailable",
  "collisionCount",
];

export const daemonSetStrategy: Strategy = {
  warn: (draft, current) =>
    warnOfOwnTemplate(draftOf<DaemonSet>(draft).spec?.template, "spec.template", [draft, current]),
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
    draft.metadata.annotations = { [TEMPLATE_GENERATION]: "0", ...draft.metadata.annotations };
  },
  prepareCreate: (draft) => {
    draft.status = {};
    noteTemplate(draft.metadata, 1);
  },
  prepareUpdate: (draft, current) => {
    const [next, before] = [draftOf<DaemonSet>(draft), draftOf<DaemonSet>(current)];
    const earlier = Number(before.metadata.annotations?.[TEMPLATE_GENERATION] ?? 0);
    noteTemplate(draft.metadata, deepEqual(next.spec?.template, before.spec?.template) ? earlier : earlier + 1);
  },
  validate: (draft, current) =>
    violations((report) => {
      const { spec } = draftOf<DaemonSet>(draft);
      checkDaemonSet(spec ?? {}, report.at("spec"));
      if (current) checkKept(spec?.selector, draftOf<DaemonSet>(current).spec?.selector, report.at("spec", "selector"));
    }),
  validateStatus: (draft) =>
    violations((report) => {
      checkCounters(draftOf<DaemonSet>(draft).status ?? {}, COUNTERS, report.at("status"));
    }),
};

/** Counts the templates that the set has had. */
function noteTemplate(metadata: { annotations?: Record<string, string> }, generation: number): void {
  metadata.annotations = { ...metadata.annotations, [TEMPLATE_GENERATION]: String(generation) };
}

function checkDaemonSet(spec: Partial<DaemonSetSpec>, report: Report): void {
  checkSelecting(spec as DaemonSetSpec, "daemonset", report);
  checkPermanent(spec.template, "DaemonSet", report);
  report.at("minReadySeconds").notNegative(spec.minReadySeconds);
  checkUpdateStrategy(spec.updateStrategy ?? {}, report.at("updateStrategy"));
  report.at("revisionHistoryLimit").notNegative(spec.revisionHistoryLimit);
}

function checkUpdateStrategy(strategy: NonNullable<DaemonSetSpec["updateStrategy"]>, report: Report): void {
  const { type, rollingUpdate } = strategy;
  const { maxUnavailable = 0, maxSurge = 0 } = rollingUpdate ?? {};
  if (type === "OnDelete") return;
  if (type !== "RollingUpdate") {
    const shown = rollingUpdate ? { MaxUnavailable: maxUnavailable, MaxSurge: maxSurge } : null;
    report.notSupported({ Type: type, RollingUpdate: shown }, ["RollingUpdate", "OnDelete"]);
    return;
  }
  const at = report.at("rollingUpdate");
  for (const [field, value] of Object.entries({ maxUnavailable, maxSurge })) {
    checkCountOrShare(value, at.at(field));
    checkNotAboveWhole(value, at.at(field));
  }
  if (isNone(maxUnavailable) && isNone(maxSurge)) at.at("maxUnavailable").required("cannot be 0 when maxSurge is 0");
  if (!isNone(maxUnavailable) && !isNone(maxSurge))
    at.at("maxSurge").invalid(maxSurge, "may not be set when maxUnavailable is non-zero");
}

export const controllerRevisionStrategy: Strategy = {
  validate: (draft, current) =>
    violations((report) => {
      const { data, revision } = draftOf<ControllerRevision>(draft);
      if (data === undefined || data === null) report.at("data").required("data is mandatory");
      report.at("revision").notNegative(revision);
      if (current) checkKept(data, draftOf<ControllerRevision>(current).data, report.at("data"));
    }),
};
