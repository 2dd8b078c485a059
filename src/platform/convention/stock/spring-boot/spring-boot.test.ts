import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type * as k8s from "#api/builtin/types.gen.ts";
import { applyTo, type PodFacts } from "../../testkit.ts";
import { springBoot } from "./index.ts";
import { readProperties, writeProperties } from "./properties.ts";

const options = (value: string): PodFacts => ({ container: { env: [{ name: "JAVA_TOOL_OPTIONS", value }] } });
const optionsOf = (container: k8s.Container): string | undefined =>
  container.env?.find(({ name }) => name === "JAVA_TOOL_OPTIONS")?.value;
const auto = { labels: { "apps.tanzu.vmware.com/auto-configure-actuators": "true" } };

const boot = { "spring-boot": "2.7.3" };
const web = { ...boot, "spring-web": "5.3.22" };
const full = { ...web, "tomcat-embed-core": "9.0.65", "spring-boot-actuator": "2.7.3" };

/** The expected output for a Spring Boot workload in TAP's documentation, without its checks. */
test("a whole application with actuators comes out as documented", () => {
  const pod = { labels: { ...auto.labels, "carto.run/workload-name": "tanzu-java-web-app" } };
  const { template, container, applied } = applyTo(springBoot, { image: { components: full }, pod });
  assert.deepEqual(applied, [
    "spring-boot",
    "spring-boot-graceful-shutdown",
    "spring-boot-web",
    "spring-boot-actuator",
    "spring-boot-actuator-probes",
    "app-live-view-connector-boot",
    "app-live-view-appflavours-boot",
  ]);
  assert.deepEqual(template.metadata, {
    annotations: { "boot.spring.io/actuator": "http://:8081/actuator", "boot.spring.io/version": "2.7.3" },
    labels: {
      ...pod.labels,
      "conventions.carto.run/framework": "spring-boot",
      "tanzu.app.live.view": "true",
      "tanzu.app.live.view.application.actuator.path": "actuator",
      "tanzu.app.live.view.application.actuator.port": "8081",
      "tanzu.app.live.view.application.flavours": "spring-boot",
      "tanzu.app.live.view.application.name": "tanzu-java-web-app",
    },
  });
  assert.deepEqual(container, {
    name: "workload",
    image: "i@d",
    env: [
      {
        name: "JAVA_TOOL_OPTIONS",
        value:
          '-Dmanagement.endpoint.health.probes.add-additional-paths="true" -Dmanagement.endpoint.health.show-details="always" -Dmanagement.endpoints.web.base-path="/actuator" -Dmanagement.endpoints.web.exposure.include="*" -Dmanagement.health.probes.enabled="true" -Dmanagement.server.port="8081" -Dserver.port="8080" -Dserver.shutdown.grace-period="24s"',
      },
    ],
    ports: [{ containerPort: 8080, protocol: "TCP" }],
    livenessProbe: { httpGet: { path: "/livez", port: 8080, scheme: "HTTP" } },
    readinessProbe: { httpGet: { path: "/readyz", port: 8080, scheme: "HTTP" } },
    startupProbe: {
      initialDelaySeconds: 1,
      periodSeconds: 1,
      failureThreshold: 120,
      httpGet: { path: "/readyz", port: 8080, scheme: "HTTP" },
    },
  });
});

describe("each convention by its condition", () => {
  const rows: [title: string, components: Record<string, string>, pod: PodFacts, names: string, jvm?: string][] = [
    ["no Spring", { jackson: "2" }, {}, ""],
    ["Boot", boot, {}, "spring-boot"],
    [
      "shutdown: Boot is too old",
      { "spring-boot": "2.2.9.RELEASE", "spring-boot-starter-jetty": "2" },
      {},
      "spring-boot",
    ],
    [
      "shutdown: since 2.3",
      { "spring-boot": "2.3.3.RELEASE", "spring-boot-starter-undertow": "2" },
      { pod: { terminationGracePeriodSeconds: 99 } },
      "spring-boot spring-boot-graceful-shutdown",
      '-Dserver.shutdown.grace-period="79s"',
    ],
    ["web", web, {}, "spring-boot spring-boot-web", '-Dserver.port="8080"'],
    ["web, as the documentation calls it", { ...boot, "spring-boot-web": "2" }, {}, "spring-boot spring-boot-web"],
    [
      "web with the user's options",
      web,
      options("-Xmx1g -Dserver.port=9000 -Dx='a \"b\"' -Dflag"),
      "spring-boot spring-boot-web",
      '-Xmx1g -Dflag -Dserver.port="9000" -Dx=\'a "b"\'',
    ],
    [
      "actuators are not configured unless asked for",
      { ...web, "spring-boot-actuator": "2.5" },
      {},
      "spring-boot spring-boot-web",
      '-Dserver.port="8080"',
    ],
    [
      "probes need no configured actuators",
      { ...web, "spring-boot-actuator": "3.1.0" },
      {},
      "spring-boot spring-boot-web spring-boot-actuator-probes",
    ],
    [
      "probes that the user turned off",
      { ...web, "spring-boot-actuator": "3.1.0" },
      options('-Dmanagement.health.probes.enabled="false"'),
      "spring-boot spring-boot-web",
      '-Dmanagement.health.probes.enabled="false" -Dserver.port="8080"',
    ],
    ["no probes where nothing listens", { ...boot, "spring-boot-actuator": "3.1.0" }, {}, "spring-boot"],
    [
      "options from elsewhere: nothing relies on them",
      full,
      { container: { env: [{ name: "JAVA_TOOL_OPTIONS", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }] } },
      "spring-boot",
    ],
    ["a service without Boot", { postgresql: "42.3" }, {}, "service-intent-postgres"],
  ];
  for (const [title, components, pod, names, jvm] of rows)
    test(title, () => {
      const { applied, container } = applyTo(springBoot, { image: { components }, pod });
      assert.equal(applied.filter((name) => !name.startsWith("app-live-view")).join(" "), names);
      if (jvm !== undefined) assert.equal(optionsOf(container), jvm);
    });
});

describe("service intents", () => {
  const rows = [
    ["mysql", "mysql-connector-java"],
    ["mysql", "r2dbc-mysql"],
    ["postgres", "postgresql"],
    ["postgres", "r2dbc-postgresql"],
    ["mongodb", "mongodb-driver-core"],
    ["rabbitmq", "amqp-client"],
    ["redis", "jedis"],
    ["kafka", "kafka-clients"],
    ["kafka-streams", "kafka-streams"],
  ] as const;
  for (const [service, driver] of rows)
    test(driver, () => {
      const { template, applied } = applyTo(springBoot, { image: { components: { ...boot, [driver]: "1.2" } } });
      const key = `services.conventions.carto.run/${service}`;
      assert.ok(applied.includes(`service-intent-${service}`));
      assert.equal(template.metadata?.labels?.[key], "workload");
      assert.equal(template.metadata?.annotations?.[key], `${driver}/1.2`);
    });

  test("under TAP's name besides, when the operator wants it", () => {
    const facts = { image: { components: { jedis: "4" } }, values: { serviceIntentAlias: true } };
    const key = "services.conventions.apps.tanzu.vmware.com/redis";
    assert.equal(applyTo(springBoot, facts).template.metadata?.annotations?.[key], "jedis/4");
  });
});

describe("ports, probes and values", () => {
  test("a port of another container is an error that says what to do", () => {
    const others = [{ name: "proxy", ports: [{ containerPort: 8080 }] }];
    assert.throws(
      () => applyTo(springBoot, { image: { components: web }, pod: { others } }),
      /desired port 8080 is in use by container "proxy", set 'server.port' boot property to an open port/,
    );
    assert.throws(
      () => applyTo(springBoot, { image: { components: web }, pod: options("-Dserver.port=http") }),
      /'server.port' of container "workload" is "http", not a port/,
    );
  });

  test("a port that the container has already is not added again", () => {
    const ports = [{ containerPort: 8080, name: "http1" }];
    const { container } = applyTo(springBoot, { image: { components: web }, pod: { container: { ports } } });
    assert.deepEqual(container.ports, ports);
  });

  test("handlers stay, timings come from the operator, the user's win", () => {
    const given = { exec: { command: ["true"] } };
    const { container } = applyTo(springBoot, {
      image: { components: full },
      pod: { container: { livenessProbe: given, readinessProbe: { periodSeconds: 3 } } },
      values: { livenessProbe: { periodSeconds: 12 }, readinessProbe: { periodSeconds: 12, timeoutSeconds: 13 } },
    });
    assert.deepEqual(container.livenessProbe, given);
    assert.deepEqual(container.readinessProbe, {
      periodSeconds: 3,
      timeoutSeconds: 13,
      httpGet: { path: "/readyz", port: 8080, scheme: "HTTP" },
    });
  });

  for (const [label, value, expected] of [
    [undefined, undefined, false],
    [undefined, true, true],
    ["false", true, false],
    ["true", false, true],
  ] as const)
    test(`auto-configuration with label ${label} and value ${value}: ${expected}`, () => {
      const pod = label ? { labels: { "apps.tanzu.vmware.com/auto-configure-actuators": label } } : {};
      const values = value === undefined ? {} : { autoConfigureActuators: value };
      const { applied } = applyTo(springBoot, { image: { components: full }, pod, values });
      assert.equal(applied.includes("spring-boot-actuator"), expected);
    });

  test("an https management server shows in the annotation", () => {
    const pod = { ...auto, ...options("-Dmanagement.server.ssl.enabled=true -Dmanagement.server.port=8443") };
    const { template } = applyTo(springBoot, { image: { components: full }, pod });
    assert.equal(template.metadata?.annotations?.["boot.spring.io/actuator"], "https://:8443/actuator");
  });

  test("Spring Cloud Gateway has a flavour of its own", () => {
    const components = { ...web, "spring-cloud-gateway-server": "3" };
    const { template, applied } = applyTo(springBoot, { image: { components } });
    assert.equal(
      template.metadata?.labels?.["tanzu.app.live.view.application.flavours"],
      "spring-boot_spring-cloud-gateway",
    );
    assert.deepEqual(applied.slice(-2), ["app-live-view-connector-scg", "app-live-view-appflavours-scg"]);
  });
});

describe("JAVA_TOOL_OPTIONS", () => {
  for (const [given, expected] of [
    ["", undefined],
    ["-Xss1m", "-Xss1m"],
    ["-Db=2  -Da=1", '-Da="1" -Db="2"'],
    ['-Da="x y"', '-Da="x y"'],
    ["-Da='x y' -Xint", '-Xint -Da="x y"'],
    ['-Da=p"q r"s', '-Da="pq rs"'],
    ["-Da=b=c -Da", '-Da -Da="b=c"'],
    ["-Da=", '-Da=""'],
    ['-Da="', "-Da='\"'"],
  ] as const)
    test(JSON.stringify(given), () => {
      const container = { name: "c", ...options(given).container };
      const properties = readProperties(container);
      assert.ok(properties);
      assert.equal(optionsOf(writeProperties(container, properties)), expected ?? given);
    });
});
