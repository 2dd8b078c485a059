/** What is set for Spring Boot applications, as TAP's Spring Boot conventions set it. */
import type * as k8s from "#api/builtin/types.gen.ts";
import { shutdownSeconds } from "../edit.ts";
import { componentOf } from "../image-facts.ts";
import { defaulted } from "./properties.ts";
import { has, hasSince, mapOf, type SpringConvention, type Subject } from "./subject.ts";

const SERVERS = ["tomcat", "jetty", "reactor-netty", "undertow"].map((name) => `spring-boot-starter-${name}`);
const PROBES_ENABLED = "management.health.probes.enabled";
const ADDITIONAL_PATHS = "management.endpoint.health.probes.add-additional-paths";

/** Says what the application is; touches no property. */
export const framework: SpringConvention = {
  name: "spring-boot",
  when: "spring-boot",
  sets: "label `conventions.carto.run/framework: spring-boot`, annotation `boot.spring.io/version`",
  isFor: (subject) => has(subject, "spring-boot"),
  apply({ template, image }) {
    template.metadata.labels["conventions.carto.run/framework"] = "spring-boot";
    template.metadata.annotations["boot.spring.io/version"] = componentOf(image, "spring-boot")?.version ?? "";
  },
};

const gracefulShutdown: SpringConvention = {
  name: "spring-boot-graceful-shutdown",
  when: `spring-boot since 2.3, and one of ${[...SERVERS, "tomcat-embed-core"].join(", ")}`,
  sets: "`server.shutdown.grace-period`: 80 % of the pod's grace period (30 s unless it says otherwise)",
  isFor: (subject) => hasSince(subject, "spring-boot", [2, 3]) && has(subject, ...SERVERS, "tomcat-embed-core"),
  apply({ template, properties }) {
    defaulted(properties, "server.shutdown.grace-period", `${shutdownSeconds(template.spec)}s`);
  },
};

const web: SpringConvention = {
  name: "spring-boot-web",
  when: "spring-boot, and spring-web or spring-boot-web",
  sets: "`server.port` (8080), and that port on the container; fails when another container has it",
  isFor: (subject) => has(subject, "spring-boot") && has(subject, "spring-web", "spring-boot-web"),
  apply(subject) {
    const { template, container, properties } = subject;
    const text = defaulted(properties, "server.port", "8080");
    const port = Number(text);
    if (!/^\d+$/.test(text) || port < 1 || port > 65_535)
      throw new Error(`'server.port' of container "${container.name}" is "${text}", not a port`);
    const user = template.spec.containers.find(({ ports }) =>
      ports?.some(({ containerPort }) => containerPort === port),
    );
    if (!user) container.ports = [...(container.ports ?? []), { containerPort: port, protocol: "TCP" }];
    else if (user.name !== container.name)
      throw new Error(
        `desired port ${text} is in use by container "${user.name}", set 'server.port' boot property to an open port`,
      );
  },
};

const actuator: SpringConvention = {
  name: "spring-boot-actuator",
  when: 'spring-boot-actuator, and label `apps.tanzu.vmware.com/auto-configure-actuators: "true"` on the pod, or value autoConfigureActuators',
  sets: "`management.server.port` (8081), `management.endpoints.web.base-path` (/actuator), `management.endpoints.web.exposure.include` (*), `management.endpoint.health.show-details` (always); annotation `boot.spring.io/actuator`",
  isFor: (subject) => subject.configuresActuators && has(subject, "spring-boot-actuator"),
  apply({ template, properties }) {
    const port = defaulted(properties, "management.server.port", "8081");
    const path = defaulted(properties, "management.endpoints.web.base-path", "/actuator");
    defaulted(properties, "management.endpoints.web.exposure.include", "*");
    defaulted(properties, "management.endpoint.health.show-details", "always");
    const scheme = properties.values.get("management.server.ssl.enabled") === "true" ? "https" : "http";
    template.metadata.annotations["boot.spring.io/actuator"] = `${scheme}://:${port}${path}`;
  },
};

const probes: SpringConvention = {
  name: "spring-boot-actuator-probes",
  when: `spring-boot-actuator since 2.6 in a web application, unless \`${PROBES_ENABLED}\` or \`${ADDITIONAL_PATHS}\` is not true`,
  sets: "both properties; liveness /livez, readiness and startup /readyz on `server.port`, where the container has no handler; timings from values livenessProbe, readinessProbe, startupProbe",
  isFor: (subject) =>
    hasSince(subject, "spring-boot-actuator", [2, 6]) &&
    subject.properties.values.has("server.port") &&
    [PROBES_ENABLED, ADDITIONAL_PATHS].every((key) => (subject.properties.values.get(key) ?? "true") === "true"),
  apply(subject) {
    defaulted(subject.properties, PROBES_ENABLED, "true");
    defaulted(subject.properties, ADDITIONAL_PATHS, "true");
    setProbe(subject, "livenessProbe", "/livez");
    setProbe(subject, "readinessProbe", "/readyz");
    setProbe(subject, "startupProbe", "/readyz", { initialDelaySeconds: 1, periodSeconds: 1, failureThreshold: 120 });
  },
};

type ProbeKind = "livenessProbe" | "readinessProbe" | "startupProbe";

function setProbe(subject: Subject, kind: ProbeKind, path: string, timings: k8s.Probe = {}): void {
  const { container, properties, values } = subject;
  const given = container[kind] ?? {};
  if (given.httpGet || given.tcpSocket || given.exec || given.grpc) return;
  const scheme = properties.values.get("server.ssl.enabled") === "true" ? "HTTPS" : "HTTP";
  const httpGet = { path, port: Number(properties.values.get("server.port")), scheme };
  container[kind] = { ...timings, ...mapOf(values, kind), ...given, httpGet };
}

/** Conventions that read and write properties. */
export const PROPERTY_CONVENTIONS: readonly SpringConvention[] = [gracefulShutdown, web, actuator, probes];
