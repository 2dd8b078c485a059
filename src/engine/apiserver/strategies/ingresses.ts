/** Ingresses and ingress classes. */

import { isIP } from "node:net";
import type { Ingress, IngressBackend, IngressClass, IngressSpec } from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import { deepEqual, type Mutable } from "#kit/json.ts";
import { checkLoadBalancer, warnOfLoadBalancer } from "./load-balancers.ts";
import { dnsLabel, dnsSubdomain, labelKey, portName, wildcardSubdomain } from "./rules/names.ts";
import { type Report, violations } from "./rules/report.ts";
import type { Strategy } from "./strategy.ts";

const asIngress = (object: Unstructured): Mutable<Ingress> => object as unknown as Mutable<Ingress>;
const CLASS_ANNOTATION = "kubernetes.io/ingress.class";
const PATH_TYPES = ["Exact", "ImplementationSpecific", "Prefix"];
/** What paths may not contain, and not end in. */
const BAD_SEQUENCES = ["//", "/./", "/../", "%2f", "%2F"];
const BAD_ENDINGS = ["/..", "/."];

export const ingressStrategy: Strategy = {
  generation: true,
  warn: ({ metadata }, current) =>
    current || metadata.annotations?.[CLASS_ANNOTATION] === undefined
      ? []
      : [`annotation "${CLASS_ANNOTATION}" is deprecated, please use 'spec.ingressClassName' instead`],
  warnStatus: (draft) => warnOfLoadBalancer(asIngress(draft).status?.loadBalancer),
  prepareCreate: (draft) => {
    asIngress(draft).status = { loadBalancer: {} };
  },
  validate: (draft, current) =>
    violations((report) => {
      const { spec = {}, metadata } = asIngress(draft);
      checkIngress(spec, report.at("spec"));
      const annotation = metadata.annotations?.[CLASS_ANNOTATION];
      if (!current && annotation !== undefined && spec.ingressClassName && annotation !== spec.ingressClassName)
        report
          .at("annotations", CLASS_ANNOTATION)
          .invalid(annotation, "must match `ingressClassName` when both are specified");
    }),
  validateStatus: (draft) =>
    violations((report) => checkLoadBalancer(asIngress(draft).status?.loadBalancer, report.at("status"))),
};

function checkIngress(spec: Mutable<IngressSpec>, report: Report): void {
  const { rules = [], defaultBackend, tls = [], ingressClassName } = spec;
  if (rules.length === 0 && !defaultBackend)
    report.invalid(null, "either `defaultBackend` or `rules` must be specified");
  if (defaultBackend) checkBackend(defaultBackend, report.at("defaultBackend"));
  rules.forEach(({ host, http }, index) => {
    const at = report.at("rules").item(index);
    if (host) checkHost(host, at.at("host"));
    if (!http) return;
    const paths = http.paths ?? [];
    if (paths.length === 0) at.at("http", "paths").required();
    paths.forEach((path, position) => {
      checkPath(path, at.at("http", "paths").item(position));
    });
  });
  tls.forEach(({ hosts = [], secretName }, index) => {
    const at = report.at("tls").item(index);
    hosts.forEach((host, position) => {
      const problems = host.includes("*") ? wildcardSubdomain(host) : dnsSubdomain(host);
      at.at("hosts").item(position).invalidFor(host, problems);
    });
    if (secretName) at.at("secretName").invalidFor(secretName, dnsSubdomain(secretName));
  });
  if (ingressClassName !== undefined)
    report.at("ingressClassName").invalidFor(ingressClassName, dnsSubdomain(ingressClassName));
}

function checkHost(host: string, report: Report): void {
  if (isIP(host)) report.invalid(host, "must be a DNS name, not an IP address");
  else report.invalidFor(host, host.includes("*") ? wildcardSubdomain(host) : dnsSubdomain(host));
}

type Path = NonNullable<NonNullable<IngressSpec["rules"]>[number]["http"]>["paths"][number];

function checkPath({ path = "", pathType, backend }: Path, report: Report): void {
  if (!pathType) {
    report.at("pathType").required("pathType must be specified");
    return;
  }
  if (!PATH_TYPES.includes(pathType)) report.at("pathType").notSupported(pathType, PATH_TYPES);
  else if (pathType !== "ImplementationSpecific") checkExactPath(path, report.at("path"));
  else if (path && !path.startsWith("/")) report.at("path").invalid(path, "must be an absolute path");
  checkBackend(backend ?? {}, report.at("backend"));
}

function checkExactPath(path: string, report: Report): void {
  if (!path.startsWith("/")) report.invalid(path, "must be an absolute path");
  if (!path) return;
  for (const sequence of BAD_SEQUENCES)
    if (path.includes(sequence)) report.invalid(path, `must not contain '${sequence}'`);
  for (const ending of BAD_ENDINGS) if (path.endsWith(ending)) report.invalid(path, `cannot end with '${ending}'`);
}

function checkBackend({ service, resource }: IngressBackend, report: Report): void {
  if (service && resource) {
    report.invalid("", "cannot set both resource and service backends");
    return;
  }
  if (resource) checkReference(resource, report.at("resource"));
  else if (!service) report.invalid("", "resource or service backend is required");
  else {
    const { name, port } = service;
    if (report.at("service", "name").needs(name)) report.at("service", "name").invalidFor(name, dnsLabel(name));
    if (port?.name && port.number) report.invalid("", "cannot set both port name & port number");
    else if (port?.name) report.at("service", "port", "name").invalidFor(port.name, portName(port.name));
    else if (port?.number) report.at("service", "port", "number").between(port.number, 1, 65_535);
    else report.required("port name or number is required");
  }
}

type Reference = { apiGroup?: string; kind?: string; name?: string };

function checkReference({ apiGroup, kind, name }: Reference, report: Report): void {
  if (apiGroup) report.at("apiGroup").invalidFor(apiGroup, dnsSubdomain(apiGroup));
  report.at("kind").needs(kind);
  report.at("name").needs(name);
}

const asClass = (object: Unstructured): Mutable<IngressClass> => object as unknown as Mutable<IngressClass>;

export const ingressClassStrategy: Strategy = {
  generation: true,
  defaults: (draft) => {
    const parameters = asClass(draft).spec?.parameters;
    if (parameters) parameters.scope ??= "Cluster";
  },
  validate: (draft, current) =>
    violations((report) => {
      const { controller = "", parameters } = asClass(draft).spec ?? {};
      const at = report.at("spec");
      if (current) {
        if (!deepEqual(controller, asClass(current).spec?.controller ?? ""))
          at.at("controller").invalid(controller, "field is immutable");
      } else if (at.at("controller").needs(controller)) checkController(controller, at.at("controller"));
      if (!parameters) return;
      checkReference(parameters, at.at("parameters"));
      const { scope, namespace } = parameters;
      if (scope !== "Cluster" && scope !== "Namespace")
        at.at("parameters", "scope").notSupported(scope, ["Cluster", "Namespace"]);
      else if (scope === "Namespace")
        at.at("parameters", "namespace").needs(namespace, "`parameters.scope` is set to 'Namespace'");
      else if (namespace !== undefined)
        at.at("parameters", "namespace").forbidden("`parameters.scope` is set to 'Cluster'");
    }),
};

function checkController(controller: string, report: Report): void {
  const [domain = "", ...path] = controller.split("/");
  if (path.join("/") === "" || labelKey(`${domain}/x`).length > 0)
    report.invalid(controller, 'must be a domain-prefixed path (such as "acme.io/foo")');
  if (controller.length > 250) report.tooLong(250);
}
