/** Every built-in kind that the embedded control plane serves. */
import type { Resource } from "../define.ts";
import { builtin } from "./declare.ts";
import { CustomResourceDefinition } from "./definition.ts";
import type * as k8s from "./types.gen.ts";

export { CustomResourceDefinition };

const scale = { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas" };
const cluster = { scope: "Cluster" } as const;
const rbac = { group: "rbac.authorization.k8s.io" };

export const Namespace: Resource<k8s.Namespace> = builtin({
  kind: "Namespace",
  ...cluster,
  shortNames: ["ns"],
  status: true,
});
export const Node: Resource<k8s.Node> = builtin({ kind: "Node", ...cluster, shortNames: ["no"], status: true });
export const Pod: Resource<k8s.Pod> = builtin({ kind: "Pod", shortNames: ["po"], categories: ["all"], status: true });
export const Service: Resource<k8s.Service> = builtin({
  kind: "Service",
  shortNames: ["svc"],
  categories: ["all"],
  status: true,
});
export const Endpoints: Resource<k8s.Endpoints> = builtin({
  kind: "Endpoints",
  plural: "endpoints",
  shortNames: ["ep"],
});
export const ConfigMap: Resource<k8s.ConfigMap> = builtin({ kind: "ConfigMap", shortNames: ["cm"] });
export const Secret: Resource<k8s.Secret> = builtin({ kind: "Secret" });
export const ServiceAccount: Resource<k8s.ServiceAccount> = builtin({ kind: "ServiceAccount", shortNames: ["sa"] });
export const Event: Resource<k8s.Event> = builtin({ kind: "Event", shortNames: ["ev"] });
export const EventsEvent: Resource<k8s.EventsV1Event> = builtin({
  group: "events.k8s.io",
  kind: "Event",
  type: "EventsV1Event",
  shortNames: ["ev"],
});
export const LimitRange: Resource<k8s.LimitRange> = builtin({ kind: "LimitRange", shortNames: ["limits"] });
export const ResourceQuota: Resource<k8s.ResourceQuota> = builtin({
  kind: "ResourceQuota",
  shortNames: ["quota"],
  status: true,
});
export const PersistentVolumeClaim: Resource<k8s.PersistentVolumeClaim> = builtin({
  kind: "PersistentVolumeClaim",
  shortNames: ["pvc"],
  status: true,
});
export const PersistentVolume: Resource<k8s.PersistentVolume> = builtin({
  kind: "PersistentVolume",
  ...cluster,
  shortNames: ["pv"],
  status: true,
});
export const ReplicationController: Resource<k8s.ReplicationController> = builtin({
  kind: "ReplicationController",
  shortNames: ["rc"],
  categories: ["all"],
  status: true,
  scale,
});

export const Deployment: Resource<k8s.Deployment> = builtin({
  group: "apps",
  kind: "Deployment",
  shortNames: ["deploy"],
  categories: ["all"],
  status: true,
  scale: { ...scale, labelSelectorPath: ".status.selector" },
});
export const ReplicaSet: Resource<k8s.ReplicaSet> = builtin({
  group: "apps",
  kind: "ReplicaSet",
  shortNames: ["rs"],
  categories: ["all"],
  status: true,
  scale,
});
export const StatefulSet: Resource<k8s.StatefulSet> = builtin({
  group: "apps",
  kind: "StatefulSet",
  shortNames: ["sts"],
  categories: ["all"],
  status: true,
  scale,
});
export const ControllerRevision: Resource<k8s.ControllerRevision> = builtin({
  group: "apps",
  kind: "ControllerRevision",
});
export const DaemonSet: Resource<k8s.DaemonSet> = builtin({
  group: "apps",
  kind: "DaemonSet",
  shortNames: ["ds"],
  categories: ["all"],
  status: true,
});
export const Job: Resource<k8s.Job> = builtin({ group: "batch", kind: "Job", categories: ["all"], status: true });
export const CronJob: Resource<k8s.CronJob> = builtin({
  group: "batch",
  kind: "CronJob",
  shortNames: ["cj"],
  categories: ["all"],
  status: true,
});
export const Lease: Resource<k8s.Lease> = builtin({ group: "coordination.k8s.io", kind: "Lease" });
export const PriorityClass: Resource<k8s.PriorityClass> = builtin({
  group: "scheduling.k8s.io",
  kind: "PriorityClass",
  plural: "priorityclasses",
  ...cluster,
  shortNames: ["pc"],
});
export const StorageClass: Resource<k8s.StorageClass> = builtin({
  group: "storage.k8s.io",
  kind: "StorageClass",
  plural: "storageclasses",
  ...cluster,
  shortNames: ["sc"],
});
const storage = { group: "storage.k8s.io" };
export const CSIDriver: Resource<k8s.CSIDriver> = builtin({ ...storage, kind: "CSIDriver", ...cluster });
export const CSINode: Resource<k8s.CSINode> = builtin({ ...storage, kind: "CSINode", ...cluster });
export const CSIStorageCapacity: Resource<k8s.CSIStorageCapacity> = builtin({
  ...storage,
  kind: "CSIStorageCapacity",
  plural: "csistoragecapacities",
});
export const VolumeAttachment: Resource<k8s.VolumeAttachment> = builtin({
  ...storage,
  kind: "VolumeAttachment",
  ...cluster,
  status: true,
});
const networking = { group: "networking.k8s.io" };
export const Ingress: Resource<k8s.Ingress> = builtin({
  ...networking,
  kind: "Ingress",
  plural: "ingresses",
  shortNames: ["ing"],
  status: true,
});
export const IngressClass: Resource<k8s.IngressClass> = builtin({
  ...networking,
  kind: "IngressClass",
  plural: "ingressclasses",
  ...cluster,
});
export const NetworkPolicy: Resource<k8s.NetworkPolicy> = builtin({
  ...networking,
  kind: "NetworkPolicy",
  plural: "networkpolicies",
  shortNames: ["netpol"],
});
export const PodDisruptionBudget: Resource<k8s.PodDisruptionBudget> = builtin({
  group: "policy",
  kind: "PodDisruptionBudget",
  shortNames: ["pdb"],
  status: true,
});
export const HorizontalPodAutoscaler: Resource<k8s.AutoscalingV2HorizontalPodAutoscaler> = builtin({
  group: "autoscaling",
  version: "v2",
  kind: "HorizontalPodAutoscaler",
  type: "AutoscalingV2HorizontalPodAutoscaler",
  shortNames: ["hpa"],
  categories: ["all"],
  status: true,
});
export const CertificateSigningRequest: Resource<k8s.CertificateSigningRequest> = builtin({
  group: "certificates.k8s.io",
  kind: "CertificateSigningRequest",
  ...cluster,
  shortNames: ["csr"],
  status: true,
});
export const RuntimeClass: Resource<k8s.RuntimeClass> = builtin({
  group: "node.k8s.io",
  kind: "RuntimeClass",
  plural: "runtimeclasses",
  ...cluster,
});
export const PodTemplate: Resource<k8s.PodTemplate> = builtin({ kind: "PodTemplate" });
export const EndpointSlice: Resource<k8s.EndpointSlice> = builtin({ group: "discovery.k8s.io", kind: "EndpointSlice" });

export const Role: Resource<k8s.Role> = builtin({ ...rbac, kind: "Role" });
export const RoleBinding: Resource<k8s.RoleBinding> = builtin({ ...rbac, kind: "RoleBinding" });
export const ClusterRole: Resource<k8s.ClusterRole> = builtin({ ...rbac, kind: "ClusterRole", ...cluster });
export const ClusterRoleBinding: Resource<k8s.ClusterRoleBinding> = builtin({
  ...rbac,
  kind: "ClusterRoleBinding",
  ...cluster,
});

export const Binding: Resource<k8s.Binding> = builtin({ kind: "Binding" });

const authentication = { group: "authentication.k8s.io" };
const authorization = { group: "authorization.k8s.io" };

const admission = { group: "admissionregistration.k8s.io", categories: ["api-extensions"] };
export const MutatingWebhookConfiguration: Resource<k8s.MutatingWebhookConfiguration> = builtin({
  ...admission,
  kind: "MutatingWebhookConfiguration",
  ...cluster,
});
export const ValidatingWebhookConfiguration: Resource<k8s.ValidatingWebhookConfiguration> = builtin({
  ...admission,
  kind: "ValidatingWebhookConfiguration",
  ...cluster,
});

/** Kinds that are answered and never stored. */
export const REVIEW_KINDS: readonly Resource[] = [
  Binding,
  builtin({ ...authentication, kind: "SelfSubjectReview", ...cluster }),
  builtin({ ...authentication, kind: "TokenReview", ...cluster }),
  builtin({ ...authorization, kind: "LocalSubjectAccessReview" }),
  builtin({ ...authorization, kind: "SelfSubjectAccessReview", ...cluster }),
  builtin({ ...authorization, kind: "SelfSubjectRulesReview", ...cluster }),
  builtin({ ...authorization, kind: "SubjectAccessReview", ...cluster }),
];

/** Kinds in the order in which discovery lists them. */
export const BUILTIN_KINDS: readonly Resource[] = [
  ConfigMap,
  Endpoints,
  Event,
  LimitRange,
  Namespace,
  Node,
  PersistentVolumeClaim,
  PersistentVolume,
  Pod,
  PodTemplate,
  ReplicationController,
  ResourceQuota,
  Secret,
  ServiceAccount,
  Service,
  ControllerRevision,
  DaemonSet,
  Deployment,
  ReplicaSet,
  StatefulSet,
  EventsEvent,
  CronJob,
  Job,
  HorizontalPodAutoscaler,
  CertificateSigningRequest,
  Lease,
  EndpointSlice,
  Ingress,
  IngressClass,
  NetworkPolicy,
  PodDisruptionBudget,
  RuntimeClass,
  PriorityClass,
  StorageClass,
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  VolumeAttachment,
  ClusterRoleBinding,
  ClusterRole,
  RoleBinding,
  Role,
  MutatingWebhookConfiguration,
  ValidatingWebhookConfiguration,
  CustomResourceDefinition,
];
