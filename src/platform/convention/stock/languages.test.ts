import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type * as k8s from "#api/builtin/types.gen.ts";
import type { InProcessConvention } from "../convention.ts";
import { applyTo, type ImageFacts, type PodFacts, templateWith } from "../testkit.ts";
import { dotnet, go, nodejs, python } from "./languages.ts";

const CONFINED = {
  seccompProfile: { type: "RuntimeDefault" },
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  runAsNonRoot: true,
};
const PORT = [{ containerPort: 8080, protocol: "TCP" }];
const node: ImageFacts = { buildpacks: ["slipway/nodejs"], user: "1000:1000" };

describe("a language is told by its buildpack, and sets what the container lacks", () => {
  const rows: [InProcessConvention, ImageFacts, k8s.ResourceRequirements["requests"], k8s.EnvVar[] | undefined][] = [
    [nodejs, { buildpacks: ["paketo-buildpacks/nodejs"] }, { cpu: "50m", memory: "96Mi" }, undefined],
    [nodejs, { buildpacks: ["slipway/node-engine"] }, { cpu: "50m", memory: "96Mi" }, undefined],
    [python, { buildpacks: ["paketo-buildpacks/python"] }, { cpu: "50m", memory: "96Mi" }, undefined],
    [
      python,
      { buildpacks: ["heroku/python"], components: { gunicorn: "22", uvicorn: "0.30" } },
      { cpu: "50m", memory: "96Mi" },
      [
        { name: "GUNICORN_CMD_ARGS", value: "--graceful-timeout 24" },
        { name: "UVICORN_TIMEOUT_GRACEFUL_SHUTDOWN", value: "24" },
      ],
    ],
    [go, { buildpacks: ["paketo-buildpacks/go-build"] }, { cpu: "25m", memory: "32Mi" }, undefined],
    [go, { buildpacks: ["paketo-buildpacks/go"] }, { cpu: "25m", memory: "32Mi" }, undefined],
    [
      dotnet,
      { buildpacks: ["paketo-buildpacks/dotnet-core"] },
      { cpu: "50m", memory: "128Mi" },
      [{ name: "DOTNET_SHUTDOWNTIMEOUTSECONDS", value: "24" }],
    ],
  ];
  for (const [convention, image, requests, env] of rows)
    test(`${convention.name}: ${image.buildpacks?.join()}`, () => {
      const { container, applied } = applyTo(convention, { image: { ...image, user: "1000" } });
      assert.deepEqual(container, {
        name: "workload",
        image: "i@d",
        ports: PORT,
        ...(env && { env }),
        resources: { requests },
        securityContext: CONFINED,
      });
      const documented = convention.effects.map(({ name }) => name);
      assert.deepEqual(
        applied.filter((name) => !documented.includes(name)),
        [],
      );
    });

  for (const convention of [nodejs, python, go, dotnet])
    for (const id of ["paketo-buildpacks/java", "google.cargo", "mongo/tools"])
      test(`${convention.name} leaves ${id} alone`, () => {
        const { applied, template } = applyTo(convention, { image: { buildpacks: [id] } });
        assert.deepEqual(applied, []);
        assert.deepEqual(template, templateWith({}));
      });
});

describe("what the user says wins", () => {
  const limits = { limits: { memory: "1Gi" } };
  const rows: [title: string, pod: PodFacts, expected: Partial<k8s.Container>, applied: string][] = [
    [
      "port: a TCP readiness probe is added",
      { container: { ports: [{ containerPort: 9 }] } },
      { ports: [{ containerPort: 9 }], readinessProbe: { tcpSocket: { port: 9 } } },
      "nodejs-probes nodejs-resources nodejs-security",
    ],
    [
      "probe",
      { container: { ports: [{ containerPort: 9 }], livenessProbe: { tcpSocket: { port: 9 } } } },
      { livenessProbe: { tcpSocket: { port: 9 } } },
      "nodejs-resources nodejs-security",
    ],
    [
      "limit: it is the request",
      { container: { resources: limits } },
      { resources: { ...limits, requests: { cpu: "50m" } } },
      "nodejs-port nodejs-resources nodejs-security",
    ],
    [
      "another container has the port",
      { others: [{ name: "proxy", ports: [{ containerPort: 80 }] }] },
      { resources: { requests: { cpu: "50m", memory: "96Mi" } } },
      "nodejs-resources nodejs-security",
    ],
    [
      "root",
      { container: { securityContext: { runAsUser: 0 } } },
      { securityContext: { seccompProfile: { type: "RuntimeDefault" }, runAsUser: 0 } as never },
      "nodejs-port nodejs-resources nodejs-security",
    ],
    [
      "privileged",
      { container: { securityContext: { privileged: true } } },
      { securityContext: { privileged: true } },
      "nodejs-port nodejs-resources",
    ],
    [
      "capabilities and the pod's user policy",
      {
        container: { securityContext: { capabilities: { add: ["NET_BIND_SERVICE"] } } },
        pod: { securityContext: { runAsNonRoot: false, seccompProfile: { type: "Unconfined" } } },
      },
      {
        securityContext: { allowPrivilegeEscalation: false, capabilities: { add: ["NET_BIND_SERVICE"] } },
      },
      "nodejs-port nodejs-resources nodejs-security",
    ],
  ];
  for (const [title, pod, expected, applied] of rows)
    test(title, () => {
      const result = applyTo(nodejs, { image: node, pod });
      for (const [field, value] of Object.entries(expected))
        assert.deepEqual(result.container[field as keyof k8s.Container], value);
      assert.equal(result.applied.join(" "), applied);
    });

  for (const user of ["", "root", "0:0", "node"])
    test(`an image with user "${user}" keeps its capabilities`, () => {
      const { container } = applyTo(nodejs, { image: { ...node, user } });
      assert.deepEqual(container.securityContext, { seccompProfile: { type: "RuntimeDefault" } });
    });

  test("the grace period of the pod", () => {
    const image = { buildpacks: ["x/dotnet"] };
    const { container } = applyTo(dotnet, { image, pod: { pod: { terminationGracePeriodSeconds: 100 } } });
    assert.deepEqual(container.env, [{ name: "DOTNET_SHUTDOWNTIMEOUTSECONDS", value: "80" }]);
  });

  test("applied twice changes nothing more", () => {
    const once = applyTo(nodejs, { image: node });
    const twice = applyTo(nodejs, { image: node, pod: { container: { ...once.container, readinessProbe: {} } } });
    assert.deepEqual(twice.applied, []);
  });
});

const health = "conventions.slipway.dev/health-path";
for (const [where, facts] of [
  ["the pod", { image: node, pod: { annotations: { [health]: "/healthz" } } }],
  ["the image", { image: { ...node, labels: { [health]: "/healthz" } } }],
] as const)
  test(`a health path of ${where} gives all three probes`, () => {
    const { container } = applyTo(nodejs, facts);
    const httpGet = { path: "/healthz", port: 8080 };
    assert.deepEqual(container.readinessProbe, { httpGet });
    assert.deepEqual(container.livenessProbe, { httpGet });
    assert.deepEqual(container.startupProbe, { httpGet, periodSeconds: 1, failureThreshold: 120 });
  });
