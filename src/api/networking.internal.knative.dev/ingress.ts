/** networking.internal.knative.dev/v1alpha1 Ingress (KIngress): what the gateway routes, host by host. */
import { condition, defineResource, type ObjectOf, reason } from "#api/define.ts";
import { s } from "#kit/schema/build.ts";

const headers = s.map(s.string());

const split = s.object({
  appendHeaders: s.optional(headers),
  percent: s.optional(s.int({ doc: "Share of the requests; absent means all of them." })),
  serviceName: s.string({ doc: "Name of the revision that gets the requests." }),
  serviceNamespace: s.string(),
  servicePort: s.intOrString(),
});

const path = s.object({
  appendHeaders: s.optional(headers),
  headers: s.optional(
    s.map(s.object({ exact: s.string() }), { doc: "Headers that a request must have for this path to apply." }),
  ),
  path: s.optional(s.string({ doc: "Prefix of the request path." })),
  rewriteHost: s.optional(s.string({ doc: "The host by which the request is routed from here on." })),
  splits: s.array(split),
});

const loadBalancer = s.object({
  ingress: s.optional(
    s.array(
      s.object({
        domain: s.optional(s.string()),
        domainInternal: s.optional(s.string()),
        ip: s.optional(s.string()),
        meshOnly: s.optional(s.boolean()),
      }),
    ),
  ),
});

export const Ingress = defineResource({
  group: "networking.internal.knative.dev",
  version: "v1alpha1",
  kind: "Ingress",
  plural: "ingresses",
  shortNames: ["kingress", "king"],
  categories: ["knative-internal", "networking"],
  scope: "Namespaced",
  doc: "Sends the requests of hosts to revisions.",
  spec: s.object({
    httpOption: s.optional(s.string()),
    rules: s.optional(
      s.array(
        s.object({
          hosts: s.optional(s.array(s.string())),
          http: s.optional(s.object({ paths: s.array(path) })),
          visibility: s.optional(s.string({ doc: "ExternalIP or ClusterLocal" })),
        }),
      ),
    ),
    tls: s.optional(
      s.array(
        s.object({
          hosts: s.optional(s.array(s.string())),
          secretName: s.optional(s.string()),
          secretNamespace: s.optional(s.string()),
        }),
      ),
    ),
  }),
  status: s.object({
    annotations: s.optional(headers),
    privateLoadBalancer: s.optional(loadBalancer),
    publicLoadBalancer: s.optional(loadBalancer),
  }),
  conditions: ["Ready", "LoadBalancerReady", "NetworkConfigured"],
  columns: { Ready: condition("Ready"), Reason: reason("Ready") },
});

export type Ingress = ObjectOf<typeof Ingress>;
