/** Replication controllers: what replica sets were before they had groups and real selectors. */
import type { ReplicationController, ReplicationControllerSpec } from "#api/builtin/types.gen.ts";
import { compileSelector } from "#kit/selector.ts";
import { checkTemplate } from "../pods/validate.ts";
import { warnOfName } from "../pods/warnings.ts";
import { type Report, violations } from "../rules/report.ts";
import type { Strategy } from "../strategy.ts";
import { replicaStatusProblems } from "./deployments.ts";
import { checkPermanent, defaultTemplate, draftOf, warnOfOwnTemplate } from "./shared.ts";

export const replicationControllerStrategy: Strategy = {
  generation: true,
  orphansByDefault: {},
  warn: (draft, current) => [
    ...(current ? [] : warnOfName(draft.metadata.name)),
    ...warnOfOwnTemplate(draftOf<ReplicationController>(draft).spec?.template, "spec.template", [draft, current]),
  ],
  defaults: (draft) => {
    const { metadata, spec } = draftOf<ReplicationController>(draft);
    if (!spec) return;
    spec.replicas ??= 1;
    const labels = spec.template?.metadata?.labels;
    if (labels && isEmpty(spec.selector)) spec.selector = { ...labels };
    if (labels && isEmpty(metadata.labels)) metadata.labels = { ...labels };
    defaultTemplate(spec.template);
  },
  prepareCreate: (draft) => {
    draft.status = {};
  },
  validate: (draft) =>
    violations((report) => {
      checkController(draftOf<ReplicationController>(draft).spec ?? {}, report.at("spec"));
    }),
  validateStatus: (draft) => replicaStatusProblems(draftOf<ReplicationController>(draft).status ?? { replicas: 0 }),
};

function isEmpty(labels: Readonly<Record<string, string>> | undefined): boolean {
  return Object.keys(labels ?? {}).length === 0;
}

function checkController(spec: ReplicationControllerSpec, report: Report): void {
  const { selector, template } = spec;
  report.at("minReadySeconds").notNegative(spec.minReadySeconds);
  if (isEmpty(selector)) report.at("selector").required();
  report.at("replicas").notNegative(spec.replicas);
  const at = report.at("template");
  if (!template) {
    at.required();
    return;
  }
  const labels = template.metadata?.labels;
  if (!isEmpty(selector) && !compileSelector({ matchLabels: selector ?? {} })(labels))
    at.at("metadata", "labels").invalid(labels ?? null, "`selector` does not match template `labels`");
  checkTemplate(template, at);
  checkPermanent(template, "ReplicationController", report);
}
