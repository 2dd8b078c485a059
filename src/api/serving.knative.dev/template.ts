/** The revision template: a pod spec with the fields that Knative adds to it. */
import { builtinSchema } from "#api/builtin/schemas.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import { type Schema, s } from "#kit/schema/build.ts";
import type { StructuralSchema } from "#kit/schema/structural.ts";

/** A container whose name may be left out. */
export type ServingContainer = Omit<k8s.Container, "name"> & { name?: string };

export type RevisionSpec = Omit<k8s.PodSpec, "containers" | "initContainers"> & {
  containers: ServingContainer[];
  initContainers?: ServingContainer[];
  /** Requests that one replica may handle at once; 0 for no limit. */
  containerConcurrency?: number;
  /** Longest a request may take, in seconds. */
  timeoutSeconds?: number;
  responseStartTimeoutSeconds?: number;
  idleTimeoutSeconds?: number;
};

export type RevisionTemplate = {
  metadata?: { name?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  spec: RevisionSpec;
};

/** Names may be missing, so the list cannot be merged by name as in a Pod. */
function containerList(): StructuralSchema {
  const container = builtinSchema("Container");
  const ports: StructuralSchema = { type: "array", items: builtinSchema("ContainerPort") };
  return { type: "array", items: { ...container, properties: { ...container.properties, ports } } };
}

function revisionSpecSchema(): StructuralSchema {
  const pod = builtinSchema("PodSpec");
  const seconds: StructuralSchema = { type: "integer", format: "int64" };
  return {
    type: "object",
    required: ["containers"],
    properties: {
      ...pod.properties,
      containers: containerList(),
      initContainers: containerList(),
      containerConcurrency: { type: "integer", format: "int64" },
      timeoutSeconds: seconds,
      responseStartTimeoutSeconds: seconds,
      idleTimeoutSeconds: seconds,
    },
  };
}

export const revisionSpec: Schema<RevisionSpec> = s.structural<RevisionSpec>(revisionSpecSchema());

export const revisionTemplate: Schema<RevisionTemplate> = s.structural<RevisionTemplate>({
  type: "object",
  properties: {
    metadata: {
      type: "object",
      "x-kubernetes-preserve-unknown-fields": true,
      properties: {
        name: { type: "string" },
        namespace: { type: "string" },
        finalizers: { type: "array", items: { type: "string" } },
        labels: { type: "object", additionalProperties: { type: "string" } },
        annotations: { type: "object", additionalProperties: { type: "string" } },
      },
    },
    spec: revisionSpec.json,
  },
});
