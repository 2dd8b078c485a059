import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Revision, RevisionSpec } from "#api/serving.knative.dev/index.ts";
import { withDefaults } from "../configuration/revision.ts";
import { autoscalerOf, deploymentOf } from "./children.ts";

function revision(spec: RevisionSpec, metadata: object = {}): Revision {
  return {
    apiVersion: "serving.knative.dev/v1",
    kind: "Revision",
    metadata: {
      name: "hello-00001",
      namespace: "default",
      uid: "u1",
      labels: {
        "serving.knative.dev/configuration": "hello",
        "serving.knative.dev/service": "hello",
        "serving.knative.dev/routingState": "active",
      },
      annotations: {
        "autoscaling.knative.dev/window": "6s",
        "serving.knative.dev/progress-deadline": "90s",
        "serving.knative.dev/routes": "hello",
        "serving.knative.dev/routingStateModified": "2026-01-01T00:00:00Z",
        "slipway.dev/routed-at": "2026-01-01T00:00:00.000Z",
      },
      ...metadata,
    },
    spec: withDefaults(spec),
  };
}

describe("what a revision runs", () => {
  const subject = revision({ containers: [{ image: "app", env: [{ name: "A", value: "1" }] }], timeoutSeconds: 20 });
  const draft = deploymentOf(subject);
  const pod = draft.spec.template.spec;
  const [container] = pod?.containers ?? [];

  test("one container on port 8080 that knows its names", () => {
    assert.equal(container?.name, "user-container");
    assert.deepEqual(container?.ports, [{ name: "user-port", containerPort: 8080, protocol: "TCP" }]);
    assert.deepEqual(
      container?.env?.map(({ name, value }) => `${name}=${value}`),
      ["A=1", "PORT=8080", "K_REVISION=hello-00001", "K_CONFIGURATION=hello", "K_SERVICE=hello"],
    );
    assert.deepEqual(container?.readinessProbe, {
      tcpSocket: { port: 8080 },
      successThreshold: 1,
      periodSeconds: 1,
      timeoutSeconds: 1,
    });
    assert.deepEqual(container?.lifecycle, { preStop: { sleep: { seconds: 1 } } });
  });

  test("the pod ends after its timeout and has no service links, and no field of Knative's own", () => {
    assert.equal(pod?.terminationGracePeriodSeconds, 20);
    assert.equal(pod?.enableServiceLinks, false);
    assert.deepEqual(
      Object.keys(pod ?? {}).filter((field) => /Concurrency|timeoutSeconds/.test(field)),
      [],
    );
  });

  test("the number of replicas belongs to the autoscaler", () => {
    assert.equal("replicas" in draft.spec, false);
    assert.equal(draft.spec.progressDeadlineSeconds, 90);
    assert.deepEqual(draft.spec.selector, { matchLabels: { "serving.knative.dev/revisionUID": "u1" } });
  });

  test("what changes while it lives does not reach its pods", () => {
    assert.deepEqual(draft.spec.template.metadata?.annotations, {
      "autoscaling.knative.dev/window": "6s",
      "serving.knative.dev/progress-deadline": "90s",
    });
    assert.equal(draft.spec.template.metadata?.labels?.["serving.knative.dev/routingState"], undefined);
    assert.equal(draft.spec.template.metadata?.labels?.app, "hello-00001");
  });

  test("its own port and probe are kept; a probe without a port gets the port", () => {
    const own = revision({
      containers: [
        {
          image: "app",
          ports: [{ name: "h2c", containerPort: 9000 }],
          readinessProbe: { httpGet: { path: "/ok", port: 0 }, periodSeconds: 5 },
        },
      ],
    });
    const [mine] = deploymentOf(own).spec.template.spec?.containers ?? [];
    assert.deepEqual(mine?.ports, [{ name: "h2c", containerPort: 9000, protocol: "TCP" }]);
    assert.deepEqual(mine?.readinessProbe, {
      httpGet: { path: "/ok", port: 9000 },
      periodSeconds: 5,
      successThreshold: 1,
      failureThreshold: 3,
      timeoutSeconds: 1,
    });
    assert.equal(autoscalerOf(own).spec.protocolType, "h2c");
  });

  test("a sidecar has no port of its own to serve", () => {
    const pair = revision({ containers: [{ image: "app", ports: [{ containerPort: 9000 }] }, { image: "side" }] });
    const [main, side] = deploymentOf(pair).spec.template.spec?.containers ?? [];
    assert.deepEqual([main?.name, side?.name], ["user-container-0", "user-container-1"]);
    assert.equal(side?.readinessProbe, undefined);
    assert.equal(
      side?.env?.some(({ name }) => name === "PORT"),
      false,
    );
  });

  test("reachability follows the routing state", () => {
    const rows = [
      ["active", "Reachable"],
      ["reserve", "Unreachable"],
      ["pending", "Unknown"],
    ];
    for (const [state = "", expect] of rows) {
      const labels = { "serving.knative.dev/routingState": state };
      assert.equal(autoscalerOf(revision({ containers: [{ image: "app" }] }, { labels })).spec.reachability, expect);
    }
  });
});
