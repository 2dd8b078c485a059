/** Kinds whose deletion answers with the object, and pod templates. */
import type { PodTemplate } from "#api/builtin/types.gen.ts";
import { checkTemplate } from "./pods/validate.ts";
import { violations } from "./rules/report.ts";
import type { Strategy } from "./strategy.ts";
import { defaultTemplate, draftOf, warnOfOwnTemplate } from "./workloads/shared.ts";

const MOUNTABLE = "kubernetes.io/enforce-mountable-secrets";

export const serviceAccountStrategy: Strategy = {
  returnsDeleted: true,
  warn: ({ metadata }, current) =>
    metadata.annotations?.[MOUNTABLE] === undefined || current?.metadata.annotations?.[MOUNTABLE] !== undefined
      ? []
      : [
          `metadata.annotations[${MOUNTABLE}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`,
        ],
};

export const podTemplateStrategy: Strategy = {
  generation: true,
  returnsDeleted: true,
  warn: (draft, current) => warnOfOwnTemplate(draftOf<PodTemplate>(draft).template, "template", [draft, current]),
  defaults: (draft) => defaultTemplate(draftOf<PodTemplate>(draft).template),
  validate: (draft) =>
    violations((report) => checkTemplate(draftOf<PodTemplate>(draft).template, report.at("template"))),
};
