/** The KIngress of a Route: hosts, and how each is split over revisions. Pure. */
import type { Ingress as KIngress } from "#api/networking.internal.knative.dev/ingress.ts";
import { ANNOTATIONS, LABELS, type Route } from "#api/serving.knative.dev/index.ts";
import type { Draft } from "#ports/kube/client.ts";
import { inheritedAnnotations } from "../metadata.ts";
import { taggedName } from "../names.ts";
import { type ResolvedTarget, sharesOf, tagsOf } from "./targets.ts";

type IngressRule = NonNullable<KIngress["spec"]["rules"]>[number];
type IngressSplit = NonNullable<IngressRule["http"]>["paths"][number]["splits"][number];

export type Addressing = {
  /** The URL of a route from outside, e.g. `http://hello.default.apps.localhost:7480`. */
  url: (name: string, namespace: string) => string;
  ingressClass: string;
};

function isClusterLocal({ metadata }: Route): boolean {
  return metadata.labels?.[LABELS.visibility] === "cluster-local";
}

/** The URL of a name inside the cluster. */
export function localUrl(name: string, namespace: string): string {
  return `http://${name}.${namespace}.svc.cluster.local`;
}

/** The URL that users see: outside unless the Route is for the cluster only. */
export function publicUrl(route: Route, name: string, { url }: Addressing): string {
  const { namespace = "default" } = route.metadata;
  return isClusterLocal(route) ? localUrl(name, namespace) : url(name, namespace);
}

/** The KIngress for the targets. `ports`: by revision, 80 for HTTP/1 and 81 for HTTP/2 without TLS. */
export function ingressOf(
  route: Route,
  targets: readonly ResolvedTarget[],
  addressing: Addressing,
  ports: ReadonlyMap<string, number>,
): Draft<KIngress> {
  const { name, namespace = "default", labels, uid: _uid } = route.metadata;
  const split = (revision: string, percent: number): IngressSplit => ({
    serviceName: revision,
    serviceNamespace: namespace,
    servicePort: ports.get(revision) ?? 80,
    percent,
    appendHeaders: { "Knative-Serving-Revision": revision, "Knative-Serving-Namespace": namespace },
  });
  const rules = (host: string, splits: IngressSplit[]): IngressRule[] => rulesFor(route, host, splits, addressing);
  const shares = [...sharesOf(targets)].map(([revision, percent]) => split(revision, percent));
  const tagged = [...tagsOf(targets)].flatMap(([tag, revision]) =>
    rules(taggedName(tag, name), [split(revision, 100)]),
  );
  return {
    metadata: {
      name,
      namespace,
      labels: { ...labels, [LABELS.route]: name, [LABELS.routeNamespace]: namespace },
      annotations: { ...inheritedAnnotations(route.metadata), [ANNOTATIONS.ingressClass]: addressing.ingressClass },
    },
    spec: { httpOption: "Enabled", rules: [...rules(name, shares), ...tagged] },
  };
}

function rulesFor(route: Route, name: string, splits: IngressSplit[], addressing: Addressing): IngressRule[] {
  const { namespace = "default" } = route.metadata;
  const http = { paths: [{ splits }] };
  const local = [`${name}.${namespace}`, `${name}.${namespace}.svc`, `${name}.${namespace}.svc.cluster.local`];
  const inside: IngressRule = { hosts: local, visibility: "ClusterLocal", http };
  if (isClusterLocal(route)) return [inside];
  return [inside, { hosts: [new URL(addressing.url(name, namespace)).hostname], visibility: "ExternalIP", http }];
}

/** Names of the revisions that a KIngress sends requests to. */
export function revisionsIn(ingress: KIngress | undefined): string[] {
  const splits = ingress?.spec.rules?.flatMap(({ http }) => http?.paths ?? []).flatMap((path) => path.splits) ?? [];
  return [...new Set(splits.map(({ serviceName }) => serviceName))];
}

/** A host name whose first label is longer than DNS allows. */
export function tooLongHost(
  route: Route,
  targets: readonly ResolvedTarget[],
  addressing: Addressing,
): string | undefined {
  const names = [
    route.metadata.name,
    ...[...tagsOf(targets).keys()].map((tag) => taggedName(tag, route.metadata.name)),
  ];
  const hosts = names.map((name) => new URL(publicUrl(route, name, addressing)).hostname);
  return hosts.find((host) => host.split(".").some((label) => label.length > 63));
}
