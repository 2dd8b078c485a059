/** networking.internal.knative.dev/v1alpha1 Ingress, as far as a Route writes and reads it. */
import type { ObjectMeta, ResourceRef } from "#api/meta.ts";
import type { Condition } from "#kit/conditions.ts";

export type IngressSplit = {
  serviceName: string;
  serviceNamespace: string;
  servicePort: number;
  percent: number;
  appendHeaders: Record<string, string>;
};

export type IngressRule = {
  hosts: string[];
  visibility: "ExternalIP" | "ClusterLocal";
  http: { paths: { splits: IngressSplit[] }[] };
};

export type KIngress = {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec: { httpOption?: string; rules?: IngressRule[] };
  status?: { observedGeneration?: number; conditions?: Condition[] };
};

export const KIngress: ResourceRef<KIngress> = {
  group: "networking.internal.knative.dev",
  version: "v1alpha1",
  kind: "Ingress",
  plural: "ingresses",
  scope: "Namespaced",
};
