/** Stateful sets. */
import type { StatefulSet, StatefulSetSpec } from "#api/builtin/types.gen.ts";
import { deepEqual, type Mutable } from "#kit/json.ts";
import { defaultClaim, warnOfClaimSpec } from "../claims.ts";
import { warnOfTemplate } from "../pods/warnings.ts";
import { dnsLabel } from "../rules/names.ts";
import { type Report, violations } from "../rules/report.ts";
import type { Strategy } from "../strategy.ts";
import {
  checkCounters,
  checkParts,
  checkPermanent,
  checkSelecting,
  defaultTemplate,
  draftOf,
  isOtherThan,
} from "./shared.ts";

const MAY_CHANGE = [
  "replicas",
  "ordinals",
  "template",
  "updateStrategy",
  "revisionHistoryLimit",
  "persistentVolumeClaimRetentionPolicy",
  "minReadySeconds",
];
const FIXED =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
const PARTS = ["readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"];

export const statefulSetStrategy: Strategy = {
  warn: (draft, current) => {
    const { template, volumeClaimTemplates = [] } = draftOf<StatefulSet>(draft).spec ?? {};
    if (!isOtherThan(draft, current)) return [];
    return [
      ...warnOfTemplate(template, "spec.template"),
      ...volumeClaimTemplates.flatMap(({ spec }, index) =>
        warnOfClaimSpec(spec, `spec.volumeClaimTemplates[${index}]${current ? ".Spec" : ""}`),
      ),
    ];
  },
  nameRule: "label",
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
    spec.persistentVolumeClaimRetentionPolicy ??= {};
    spec.persistentVolumeClaimRetentionPolicy.whenDeleted ??= "Retain";
    spec.persistentVolumeClaimRetentionPolicy.whenScaled ??= "Retain";
    for (const claim of spec.volumeClaimTemplates ?? []) {
      Object.assign(claim, { kind: "PersistentVolumeClaim", apiVersion: "v1" });
      defaultClaim(claim);
      claim.status ??= {};
      claim.status.phase ??= "Pending";
    }
    defaultTemplate(spec.template);
  },
  prepareCreate: (draft) => {
    draft.status = {};
  },
  validate: (draft, current) =>
    violations((report) => {
      const { spec } = draftOf<StatefulSet>(draft);
      checkStatefulSet(spec ?? {}, report.at("spec"));
      if (current && !deepEqual(fixedPart(spec), fixedPart(draftOf<StatefulSet>(current).spec)))
        report.at("spec").forbidden(FIXED);
    }),
  validateStatus: (draft) =>
    violations((report) => {
      const { status = { replicas: 0 } } = draftOf<StatefulSet>(draft);
      const at = report.at("status");
      checkCounters(status, ["replicas", ...PARTS, "observedGeneration", "collisionCount"], at);
      checkParts(status, PARTS, ["replicas", "cannot be greater than status.replicas"], at);
      checkParts(status, ["availableReplicas"], ["readyReplicas", "cannot be greater than status.readyReplicas"], at);
    }),
};

function fixedPart(spec: Mutable<StatefulSetSpec> | undefined): object {
  return Object.fromEntries(Object.entries(spec ?? {}).filter(([field]) => !MAY_CHANGE.includes(field)));
}

function checkStatefulSet(spec: Partial<StatefulSetSpec>, report: Report): void {
  const { podManagementPolicy: order, updateStrategy = {}, persistentVolumeClaimRetentionPolicy: retention } = spec;
  if (order !== "OrderedReady" && order !== "Parallel")
    report.at("podManagementPolicy").invalid(order ?? "", "must be 'OrderedReady' or 'Parallel'");
  checkUpdateStrategy(updateStrategy, report.at("updateStrategy"));
  for (const field of ["whenDeleted", "whenScaled"] as const)
    if (retention)
      report.at("persistentVolumeClaimRetentionPolicy", field).oneOf(retention[field], ["Retain", "Delete"]);
  report.at("replicas").notNegative(spec.replicas);
  report.at("minReadySeconds").notNegative(spec.minReadySeconds);
  report.at("ordinals", "start").notNegative(spec.ordinals?.start);
  if (spec.serviceName) report.at("serviceName").invalidFor(spec.serviceName, dnsLabel(spec.serviceName));
  checkSelecting({ ...spec, template: withClaims(spec) } as StatefulSetSpec, "statefulset", report);
  checkPermanent(spec.template, "StatefulSet", report);
}

/** The template as its pods will be: with a volume for every claim, which containers may mount. */
function withClaims({
  template,
  volumeClaimTemplates = [],
}: Partial<StatefulSetSpec>): StatefulSetSpec["template"] | undefined {
  if (!template?.spec || volumeClaimTemplates.length === 0) return template;
  const names = volumeClaimTemplates.flatMap(({ metadata }) => metadata?.name ?? []);
  const own = (template.spec.volumes ?? []).filter(({ name }) => !names.includes(name));
  const claimed = names.map((name) => ({ name, persistentVolumeClaim: { claimName: name } }));
  return { ...template, spec: { ...template.spec, volumes: [...own, ...claimed] } };
}

function checkUpdateStrategy(strategy: NonNullable<StatefulSetSpec["updateStrategy"]>, report: Report): void {
  const { type, rollingUpdate } = strategy;
  const shown = rollingUpdate && {
    Partition: rollingUpdate.partition ?? 0,
    MaxUnavailable: rollingUpdate.maxUnavailable ?? null,
  };
  if (type === "OnDelete") {
    if (shown) report.at("rollingUpdate").invalid(shown, "only allowed for updateStrategy 'RollingUpdate'");
  } else if (type === "RollingUpdate") report.at("rollingUpdate", "partition").notNegative(rollingUpdate?.partition);
  else report.invalid({ Type: type, RollingUpdate: shown ?? null }, "must be 'RollingUpdate' or 'OnDelete'");
}
