/** Parts that several carto.run kinds share. */

import type { Condition } from "#kit/conditions.ts";
import type { Json } from "#kit/json.ts";
import { type Schema, s } from "#kit/schema/build.ts";
import { builtinSchema } from "../builtin/schemas.ts";
import type * as k8s from "../builtin/types.gen.ts";
import { age, type ColumnSpec, condition, reason } from "../define.ts";
import { OPTION_RULES } from "./rules.ts";
import { OPERATOR_RULES, pathRule, type SelectablePaths } from "./selectable.ts";

export const envVars = (): Schema<k8s.EnvVar[]> => s.array(s.structural<k8s.EnvVar>(builtinSchema("EnvVar")));

export const resourceRequirements = (): Schema<k8s.ResourceRequirements> =>
  s.structural<k8s.ResourceRequirements>(builtinSchema("ResourceRequirements"));

/** A parameter that the owner sets. */
export const ownerParams: Schema<{ name: string; value: Json }[]> = s.array(
  s.object({ name: s.string(), value: s.any() }),
  { doc: "Parameters for the templates" },
);

/** A parameter of a blueprint: `value` locks it, `default` lets the owner override it. */
export const blueprintParams: Schema<{ name: string; value?: Json; default?: Json }[]> = s.array(
  s.exactlyOne(
    s.object({ name: s.string(), value: s.optional(s.any()), default: s.optional(s.any()) }),
    "value",
    "default",
  ),
);

export const source = s.object({
  git: s.optional(
    s.object({
      url: s.optional(s.string()),
      ref: s.optional(
        s.object({ branch: s.optional(s.string()), tag: s.optional(s.string()), commit: s.optional(s.string()) }),
      ),
    }),
  ),
  image: s.optional(s.string()),
  subPath: s.optional(s.string()),
});

/** Limits that keep the cost of rules over lists within what an API server grants. */
const MANY = 16;
const FEW = 4;
const MOST_STEPS = 48;
const MOST_OPTIONS = 10;
const LONGEST_NAME = 253;
const LONGEST_KIND = 25;

const labelValue = s.string({ maxLength: 63 });
const labels = s.structural<Record<string, string>>({ ...s.map(labelValue).json, maxProperties: MANY });
const requirement = s.object({
  key: s.string({ maxLength: 317 }),
  operator: s.string({ maxLength: 12 }),
  values: s.optional(s.array(labelValue, { maxItems: MANY })),
});
const requirements = s.array(requirement, { maxItems: MANY });

/** A requirement on the field of an owner; `selectable` are the paths that it may name. */
const fieldRequirement = (selectable?: SelectablePaths) =>
  s.object(
    {
      key: s.string({ minLength: 1, maxLength: 120, doc: "JSONPath, e.g. spec.source.image" }),
      operator: s.oneOf("In", "NotIn", "Exists", "DoesNotExist"),
      values: s.optional(s.array(s.string({ maxLength: LONGEST_NAME }), { maxItems: MANY })),
    },
    [...OPERATOR_RULES, ...(selectable ? [pathRule(selectable)] : [])],
  );

export const blueprintSelector = (selectable: SelectablePaths) => ({
  selector: s.optional(labels),
  selectorMatchExpressions: s.optional(requirements),
  selectorMatchFields: s.optional(s.array(fieldRequirement(selectable), { maxItems: MANY })),
});

const optionSelector = (selectable: SelectablePaths) =>
  s.object({
    matchLabels: s.optional(labels),
    matchExpressions: s.optional(requirements),
    matchFields: s.optional(s.array(fieldRequirement(selectable), { maxItems: FEW })),
  });

/** The name of a step: it goes into a label. */
export const stepName = s.string({ maxLength: 63 });

/** The steps of a blueprint. */
export const steps = <T>(step: Schema<T>): Schema<T[]> => s.array(step, { maxItems: MOST_STEPS });

/** Outputs of earlier steps that a step reads, by its own names for them. */
export const inputs = s.optional(
  s.array(s.object({ name: s.string({ maxLength: 63 }), resource: stepName }), { maxItems: MANY }),
);

/** A template by name, or the one option whose selector matches the owner. */
export const templateReference = <K extends string>(kind: Schema<K>, selectable: SelectablePaths) =>
  s.object({
    kind: { ...kind, json: { ...kind.json, maxLength: LONGEST_KIND } },
    name: s.optional(s.string({ maxLength: LONGEST_NAME })),
    options: s.optional(
      s.array(
        s.object(
          {
            name: s.optional(s.string({ maxLength: LONGEST_NAME })),
            passThrough: s.optional(s.string({ maxLength: 63 })),
            selector: optionSelector(selectable),
          },
          OPTION_RULES,
        ),
        { maxItems: MOST_OPTIONS },
      ),
    ),
  });

const matches = s.object({
  matchConditions: s.optional(s.array(s.object({ type: s.string(), status: s.string() }), { maxItems: MANY })),
  matchFields: s.optional(
    s.array(
      s.object(
        {
          key: s.string({ minLength: 1 }),
          operator: s.oneOf("In", "NotIn", "Exists", "DoesNotExist"),
          values: s.optional(s.array(s.string())),
          messagePath: s.optional(s.string()),
        },
        OPERATOR_RULES,
      ),
      { maxItems: MANY },
    ),
  ),
});

/** The object that a template stamps. Rules see of it whether it names a namespace. */
export const stampedObject: Schema<Record<string, unknown>> = s.structural({
  type: "object",
  description: "The object to stamp; strings may hold $(path)$ tags",
  "x-kubernetes-preserve-unknown-fields": true,
  properties: {
    metadata: {
      type: "object",
      "x-kubernetes-preserve-unknown-fields": true,
      properties: { namespace: { type: "string" } },
    },
  },
});

/** What every template kind has in its spec. */
export const templateFields = {
  template: s.optional(stampedObject),
  ytt: s.optional(s.string()),
  params: s.optional(s.array(s.object({ name: s.string(), default: s.any() }))),
  healthRule: s.optional(
    s.object({
      alwaysHealthy: s.optional(s.anyObject()),
      singleConditionType: s.optional(s.string()),
      multiMatch: s.optional(s.object({ healthy: matches, unhealthy: matches })),
    }),
  ),
  lifecycle: s.defaulted(s.oneOf("mutable", "immutable", "tekton"), "mutable"),
  retentionPolicy: s.optional(s.object({ maxFailedRuns: s.int({ min: 1 }), maxSuccessfulRuns: s.int({ min: 1 }) })),
};

const anyCondition = s.structural<Condition>({
  type: "object",
  "x-kubernetes-preserve-unknown-fields": true,
});

/** The fields of a core ObjectReference. */
const objectReference = {
  apiVersion: s.optional(s.string()),
  kind: s.optional(s.string()),
  namespace: s.optional(s.string()),
  name: s.optional(s.string()),
  fieldPath: s.optional(s.string()),
  resourceVersion: s.optional(s.string()),
  uid: s.optional(s.string()),
};

/** `status.resources`: what each step of a blueprint stamped, read and gave. */
export const resourceStatuses = s.array(
  s.object({
    name: s.string(),
    stampedRef: s.optional(s.object({ ...objectReference, resource: s.optional(s.string()) })),
    templateRef: s.optional(s.object(objectReference)),
    inputs: s.optional(
      s.array(
        s.object({
          name: s.string(),
          digest: s.optional(
            s.string({ doc: "of the output that the object was stamped with, where inputs have a step in common" }),
          ),
        }),
      ),
    ),
    outputs: s.optional(
      s.array(
        s.object({
          name: s.string(),
          preview: s.string(),
          digest: s.string(),
          lastTransitionTime: s.optional(s.time()),
        }),
      ),
    ),
    conditions: s.optional(s.array(anyCondition)),
  }),
);

export const blueprintRef = s.object({
  apiVersion: s.optional(s.string()),
  kind: s.optional(s.string()),
  name: s.optional(s.string()),
  namespace: s.optional(s.string()),
});

export const readiness: { readonly [name: string]: ColumnSpec } = {
  Ready: condition("Ready"),
  Reason: reason("Ready"),
  Age: age,
};
