/** Parts that several carto.run kinds share. */

import type { Condition } from "#kit/conditions.ts";
import type { Json } from "#kit/json.ts";
import { type Schema, s } from "#kit/schema/build.ts";
import { builtinSchema } from "../builtin/schemas.ts";
import type * as k8s from "../builtin/types.gen.ts";
import { age, type ColumnSpec, condition, reason } from "../define.ts";

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
  s.object({ name: s.string(), value: s.optional(s.any()), default: s.optional(s.any()) }),
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

const requirement = s.object({ key: s.string(), operator: s.string(), values: s.optional(s.array(s.string())) });
const fieldRequirement = s.object({
  key: s.string({ minLength: 1, doc: "JSONPath into the owner, e.g. spec.source.image" }),
  operator: s.oneOf("In", "NotIn", "Exists", "DoesNotExist"),
  values: s.optional(s.array(s.string())),
});

export const blueprintSelector = {
  selector: s.optional(s.map(s.string())),
  selectorMatchExpressions: s.optional(s.array(requirement)),
  selectorMatchFields: s.optional(s.array(fieldRequirement)),
};

const optionSelector = s.object({
  matchLabels: s.optional(s.map(s.string())),
  matchExpressions: s.optional(s.array(requirement)),
  matchFields: s.optional(s.array(fieldRequirement)),
});

/** Outputs of earlier steps that a step reads, by its own names for them. */
export const inputs = s.optional(s.array(s.object({ name: s.string(), resource: s.string() })));

/** A template by name, or the one option whose selector matches the owner. */
export const templateReference = <K extends string>(kind: Schema<K>) =>
  s.object({
    kind,
    name: s.optional(s.string()),
    options: s.optional(
      s.array(
        s.object({ name: s.optional(s.string()), passThrough: s.optional(s.string()), selector: optionSelector }),
      ),
    ),
  });

const matches = s.object({
  matchConditions: s.optional(s.array(s.object({ type: s.string(), status: s.string() }))),
  matchFields: s.optional(
    s.array(
      s.object({
        key: s.string({ minLength: 1 }),
        operator: s.oneOf("In", "NotIn", "Exists", "DoesNotExist"),
        values: s.optional(s.array(s.string())),
        messagePath: s.optional(s.string()),
      }),
    ),
  ),
});

/** What every template kind has in its spec. */
export const templateFields = {
  template: s.optional(s.anyObject({ doc: "The object to stamp; strings may hold $(path)$ tags" })),
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
    inputs: s.optional(s.array(s.object({ name: s.string() }))),
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
