/** Every kind that Slipway declares and that a cluster must serve as a CustomResourceDefinition. */
import { Application, AppProject } from "#api/argoproj.io/index.ts";
import { PodAutoscaler } from "#api/autoscaling.internal.knative.dev/index.ts";
import { Deliverable } from "#api/carto.run/deliverable.ts";
import { ClusterDelivery } from "#api/carto.run/delivery.ts";
import { ClusterRunTemplate, Runnable } from "#api/carto.run/runnable.ts";
import { ClusterSupplyChain } from "#api/carto.run/supply-chain.ts";
import {
  ClusterConfigTemplate,
  ClusterDeploymentTemplate,
  ClusterImageTemplate,
  ClusterSourceTemplate,
  ClusterTemplate,
} from "#api/carto.run/templates.ts";
import { Workload } from "#api/carto.run/workload.ts";
import { ClusterPodConvention, PodIntent } from "#api/conventions.carto.run/index.ts";
import type { Resource } from "#api/define.ts";
import { Build, ClusterBuilder, ClusterStack, ClusterStore, Image } from "#api/kpack.io/index.ts";
import { Ingress } from "#api/networking.internal.knative.dev/ingress.ts";
import { Configuration, Revision, Route, Service } from "#api/serving.knative.dev/index.ts";
import { ConfigBundle } from "#api/slipway.dev/config-bundle.ts";
import { ConfigCommit } from "#api/slipway.dev/config-commit.ts";
import { ImageRepository } from "#api/source.apps.tanzu.vmware.com/image-repository.ts";
import { GitRepository } from "#api/source.toolkit.fluxcd.io/git-repository.ts";

export const DECLARED_KINDS: readonly Resource[] = [
  Workload,
  ClusterSupplyChain,
  ClusterSourceTemplate,
  ClusterImageTemplate,
  ClusterConfigTemplate,
  ClusterTemplate,
  ClusterDeploymentTemplate,
  ClusterDelivery,
  Deliverable,
  Runnable,
  ClusterRunTemplate,
  PodIntent,
  ClusterPodConvention,
  GitRepository,
  ImageRepository,
  Image,
  Build,
  ClusterBuilder,
  ClusterStack,
  ClusterStore,
  ConfigCommit,
  ConfigBundle,
  Application,
  AppProject,
  Service,
  Configuration,
  Revision,
  Route,
  PodAutoscaler,
  Ingress,
];
