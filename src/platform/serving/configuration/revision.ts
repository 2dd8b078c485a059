/** The Revision that a Configuration's template makes, with everything filled in that may be left out. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";
import {
  ANNOTATIONS,
  type Configuration,
  LABELS,
  type Revision,
  type RevisionSpec,
  type RevisionTemplate,
  type ServingContainer,
} from "#api/serving.knative.dev/index.ts";
import type { Draft } from "#ports/kube/client.ts";
import { only } from "../metadata.ts";
import { revisionName } from "../names.ts";

export const DEFAULT_TIMEOUT_SECONDS = 300;

/** The given name of a template, or the one of the Configuration's generation. */
export function nameOfLatest({ metadata, spec }: Configuration): string {
  return spec.template?.metadata?.name ?? revisionName(metadata.name, metadata.generation ?? 1);
}

/** The Revision of the Configuration's present generation. */
export function revisionOf(configuration: Configuration, template: RevisionTemplate): Draft<Revision> {
  const { name, namespace, uid = "", generation = 1, labels = {}, annotations } = configuration.metadata;
  const inherited = only(labels, (key) => key === LABELS.service || key === LABELS.serviceUid);
  const people = only(annotations, (key) => key === ANNOTATIONS.creator || key === ANNOTATIONS.lastModifier);
  return {
    metadata: {
      name: nameOfLatest(configuration),
      ...(namespace && { namespace }),
      labels: {
        ...template.metadata?.labels,
        ...inherited,
        [LABELS.configuration]: name,
        [LABELS.configurationGeneration]: String(generation),
        [LABELS.configurationUid]: uid,
        [LABELS.routingState]: "pending",
      },
      annotations: { ...people, ...template.metadata?.annotations },
    },
    spec: withDefaults(template.spec),
  };
}

/** The spec with Knative's defaults. */
export function withDefaults(spec: RevisionSpec): RevisionSpec {
  return {
    ...spec,
    containers: spec.containers.map((container, index) => containerDefaults(container, index, spec.containers)),
    ...(spec.initContainers && {
      initContainers: spec.initContainers.map((container, index) => ({
        ...container,
        name: container.name || (index === 0 ? "init-container" : `init-container-${index}`),
      })),
    }),
    containerConcurrency: spec.containerConcurrency ?? 0,
    timeoutSeconds: spec.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS,
    enableServiceLinks: spec.enableServiceLinks ?? false,
  };
}

/** The container that gets the requests: the only one, or the one with a port. */
export function isServing(container: ServingContainer, all: readonly ServingContainer[]): boolean {
  return all.length === 1 || (container.ports?.length ?? 0) > 0;
}

function containerDefaults(
  container: ServingContainer,
  index: number,
  all: readonly ServingContainer[],
): ServingContainer {
  const probe = isServing(container, all) ? probeWithDefaults(container.readinessProbe) : container.readinessProbe;
  return {
    ...container,
    name: container.name || (all.length === 1 ? "user-container" : `user-container-${index}`),
    resources: container.resources ?? {},
    ...(probe && { readinessProbe: probe }),
  };
}

/** A TCP probe on the serving port unless another is given; without a period it is probed as fast as the node can. */
function probeWithDefaults(probe: k8s.Probe = {}): k8s.Probe {
  const handled = probe.httpGet || probe.exec || probe.grpc || probe.tcpSocket;
  return {
    ...probe,
    ...(!handled && { tcpSocket: { port: 0 } }),
    successThreshold: probe.successThreshold ?? 1,
    ...(probe.periodSeconds && {
      failureThreshold: probe.failureThreshold ?? 3,
      timeoutSeconds: probe.timeoutSeconds ?? 1,
    }),
  };
}
