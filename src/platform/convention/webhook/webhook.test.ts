/** Webhooks over TLS in another process, which answers as servers made with upstream's kit do. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import type { ClusterPodConvention, PodIntent } from "#api/conventions.carto.run/index.ts";
import { issueCertificate } from "#engine/apiserver/auth/x509.ts";
import { runPass } from "#engine/controller/testkit.ts";
import { podIntentController } from "../pod-intent.ts";
import { imageWith } from "../testkit.ts";

/** TLS 1.3 only; the whole context comes back, with nulls where Go has no value. */
const SERVER = `
import { createServer } from "node:https";
const { cert, key } = JSON.parse(process.env.PAIR);
const server = createServer({ cert, key, minVersion: "TLSv1.3" }, async (request, response) => {
  let text = "";
  for await (const chunk of request) text += chunk;
  const context = JSON.parse(text);
  const path = new URL(request.url, "https://x").pathname;
  if (path === "/fail") return response.writeHead(500).end("no idea what to do");
  if (path === "/slow") return;
  if (path === "/garbage") return response.end("<html>");
  if (path === "/other") return response.end(JSON.stringify({ ...context, kind: "AdmissionReview" }));
  if (path === "/empty") return response.end(JSON.stringify({ ...context, status: { template: null } }));
  if (path === "/large") return response.end("x".repeat(9 * 1024 * 1024));
  const template = structuredClone(context.spec.template);
  template.metadata = { ...template.metadata, creationTimestamp: null, uid: "forged" };
  template.metadata.annotations = { seen: JSON.stringify({ context: { ...context, spec: { ...context.spec, template: undefined } }, headers: request.headers }) };
  template.spec.containers[0].env = [{ name: "CONVENTION", value: "HELLO FROM CONVENTION" }];
  template.spec.containers[0].resources = {};
  response.end(JSON.stringify({ ...context, status: { template, appliedConventions: ["add-env-var"] } }));
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
`;

const now = new Date();
const issue = (commonName: string, usage: "authority" | "server", issuer?: { cert: string; key: string }) =>
  issueCertificate(
    {
      subject: { commonName },
      usage,
      ...(usage === "server" && { hosts: ["webhook.team.svc", "127.0.0.1"] }),
      now,
      days: 1,
      randomBytes,
    },
    issuer,
  );
const authority = issue("test-ca", "authority");
const stranger = issue("other-ca", "authority");
const base64 = (text: string): string => Buffer.from(text).toString("base64");

let port = 0;
const server = spawn(process.execPath, ["--input-type=module", "-e", SERVER], {
  env: { ...process.env, PAIR: JSON.stringify(issue("webhook", "server", authority)) },
  stdio: ["ignore", "pipe", "inherit"],
});
before(async () => {
  const [line] = (await once(server.stdout, "data")) as [Buffer];
  port = Number(line.toString());
});
after(async () => {
  const ended = once(server, "exit");
  server.kill();
  await ended;
});

const described = imageWith("r/app:1@sha256:1", { components: { "spring-boot": "3" } });
const controller = (webhookTimeoutMs = 5_000, isReachable = true) =>
  podIntentController({
    images: { describe: async () => described },
    inProcess: [],
    services: () => async () => (isReachable ? { host: "127.0.0.1", port } : undefined),
    webhookTimeoutMs,
  });

const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace: "ns" } };
const intent: PodIntent = {
  apiVersion: "conventions.carto.run/v1alpha1",
  kind: "PodIntent",
  metadata: { name: "app", namespace: "ns" },
  spec: {
    serviceAccountName: "default",
    template: {
      metadata: { labels: { a: "b" } } as never,
      spec: { containers: [{ name: "workload", image: "r/app:1" }] },
    },
  },
};

type Webhook = NonNullable<ClusterPodConvention["spec"]["webhook"]>;
const convention = (webhook: Webhook, annotations = {}): object => ({
  apiVersion: "conventions.carto.run/v1alpha1",
  kind: "ClusterPodConvention",
  metadata: { name: "sample", annotations },
  spec: { webhook },
});
const service = { namespace: "team", name: "webhook", port: 443 };
const byUrl = (path: string, ca = authority.cert): object =>
  convention({ clientConfig: { url: `https://127.0.0.1:${port}${path}`, caBundle: base64(ca) } });

async function reconcile(objects: object[], using = controller()) {
  const { outcome, status } = await runPass(using, { world: [intent, account, ...objects], key: "ns/app", now });
  const condition = status.conditions?.find(({ type }) => type === "ConventionsApplied");
  return { outcome, template: status.template as PodIntent["spec"]["template"] | undefined, condition };
}

/** What the server saw, from the annotation in which it says so. */
const seenBy = (template: PodIntent["spec"]["template"] | undefined) =>
  JSON.parse(template?.metadata?.annotations?.seen ?? "{}") as {
    context: { apiVersion: string; kind: string; metadata: { name: string }; spec: { imageConfig: unknown[] } };
    headers: Record<string, string>;
  };

describe("a webhook that answers", () => {
  for (const [title, make] of [
    ["by URL", () => byUrl("/")],
    ["by service", () => convention({ clientConfig: { service, caBundle: base64(authority.cert) } })],
  ] as const)
    test(title, async () => {
      const { template, condition } = await reconcile([make()]);
      assert.equal(condition?.reason, "Applied", condition?.message);
      const [container] = template?.spec?.containers ?? [];
      assert.deepEqual(container?.env, [{ name: "CONVENTION", value: "HELLO FROM CONVENTION" }]);
      assert.equal(container?.image, "r/app:1@sha256:1");
      const { annotations = {} } = template?.metadata ?? {};
      assert.equal(annotations["conventions.carto.run/applied-conventions"], "sample/add-env-var");
      assert.deepEqual(Object.keys(template?.metadata ?? {}).sort(), ["annotations", "labels"], "other metadata goes");
    });

  test("is sent what upstream sends", async () => {
    const { template } = await reconcile([convention({ clientConfig: { service, caBundle: base64(authority.cert) } })]);
    const { context, headers } = seenBy(template);
    assert.equal(headers.host, "webhook.team.svc:".concat(String(port)));
    assert.equal(headers["content-type"], "application/json");
    assert.equal(context.apiVersion, "webhooks.conventions.carto.run/v1alpha1");
    assert.equal(context.kind, "PodConventionContext");
    assert.equal(context.metadata.name, "app-sample");
    assert.deepEqual(context.spec.imageConfig, [
      {
        image: "r/app:1@sha256:1",
        boms: [{ name: "cnb-app:sbom.cdx.json", raw: Buffer.from(described.boms[0]?.raw ?? []).toString("base64") }],
        config: described.config,
      },
    ]);
  });
});

describe("whom to trust", () => {
  const certificate = { namespace: "team", name: "webhook-cert" };
  const served = (plural: string): object => ({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.cert-manager.io` },
  });
  const request = (name: string, ca: string, minute: number, more: object = {}): object => ({
    apiVersion: "cert-manager.io/v1",
    kind: "CertificateRequest",
    metadata: {
      name,
      namespace: "team",
      creationTimestamp: `2026-01-01T00:0${minute}:00Z`,
      annotations: { "cert-manager.io/certificate-name": "webhook-cert" },
    },
    status: { ca: base64(ca), conditions: [{ type: "Ready", status: "True" }] },
    ...more,
  });
  const secret = (name: string): object => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace: "team" },
    data: { "ca.crt": base64(authority.cert) },
  });
  const crd = served("certificaterequests");
  const byCertificate = convention({ clientConfig: { service }, certificate });
  const injected = convention(
    { clientConfig: { service } },
    { "conventions.carto.run/inject-ca-from": "team/webhook-cert" },
  );
  const named = {
    apiVersion: "cert-manager.io/v1",
    kind: "Certificate",
    metadata: { name: "webhook-cert", namespace: "team" },
    spec: { secretName: "webhook-tls" },
  };
  const rows: [title: string, objects: () => object[], reason: string, message: RegExp][] = [
    ["certificate requests", () => [byCertificate, crd, request("a", authority.cert, 1)], "Applied", /^$/],
    [
      "the newest three of them",
      () => [
        byCertificate,
        crd,
        request("o", authority.cert, 1),
        ...[2, 3].map((at) => request(`n${at}`, stranger.cert, at)),
      ],
      "Applied",
      /^$/,
    ],
    [
      "no fourth",
      () => [
        byCertificate,
        crd,
        request("o", authority.cert, 1),
        ...[2, 3, 4].map((at) => request(`n${at}`, stranger.cert, at)),
      ],
      "ConventionsApplied",
      /cannot call the webhook https:\/\/webhook\.team\.svc:\d+\/: .*certificate/,
    ],
    [
      "a request that is not ready does not count",
      () => [byCertificate, crd, request("a", authority.cert, 1, { status: { ca: base64(authority.cert) } })],
      "CABundleResolutionFailed",
      /^failed to authenticate: unable to find valid certificaterequests for certificate "team\/webhook-cert"$/,
    ],
    ["the annotation", () => [injected, crd, request("a", authority.cert, 1)], "Applied", /^$/],
    [
      "the certificate's secret",
      () => [injected, served("certificates"), named, secret("webhook-tls")],
      "Applied",
      /^$/,
    ],
    ["without cert-manager, the secret of that name", () => [injected, secret("webhook-cert")], "Applied", /^$/],
    ["nothing", () => [injected], "CABundleResolutionFailed", /unable to find/],
    [
      "an annotation that is no name",
      () => [convention({ clientConfig: { service } }, { "conventions.carto.run/inject-ca-from": "x" })],
      "CABundleResolutionFailed",
      /is "x", not namespace\/name/,
    ],
    ["somebody else's authority", () => [byUrl("/", stranger.cert)], "ConventionsApplied", /cannot call the webhook/],
    [
      "only the system's",
      () => [convention({ clientConfig: { url: `https://127.0.0.1:${port}/` } })],
      "ConventionsApplied",
      /cannot call the webhook/,
    ],
  ];
  for (const [title, objects, reason, message] of rows)
    test(title, async () => {
      const { condition, outcome } = await reconcile(objects());
      assert.equal(condition?.reason, reason, condition?.message);
      assert.match(condition?.message ?? "", message);
      const mayRecover = reason === "ConventionsApplied";
      assert.equal(outcome.recheckAfter !== undefined && outcome.kind === "broken", mayRecover);
    });
});

describe("a webhook that fails is tried again", () => {
  const rows: [path: string, message: RegExp][] = [
    [
      "/fail",
      /^failed to apply convention from source sample: the webhook https:\/\/127\.0\.0\.1:\d+\/fail answered 500: no idea what to do$/,
    ],
    ["/garbage", /answer is not JSON: <html>/],
    ["/other", /answer is no PodConventionContext/],
    ["/empty", /answer has no pod in status\.template/],
    ["/large", /the answer is larger than \d+ bytes/],
    ["/slow", /no answer within 0\.2 s/],
  ];
  for (const [path, message] of rows)
    test(path, async () => {
      const { condition, outcome } = await reconcile([byUrl(path)], controller(path === "/slow" ? 200 : 5_000));
      assert.equal(condition?.status, "False");
      assert.equal(condition?.reason, "ConventionsApplied");
      assert.match(condition?.message ?? "", message);
      assert.equal(outcome.recheckAfter, 1_000);
    });

  test("a service with nothing behind it", async () => {
    const objects = [convention({ clientConfig: { service, caBundle: base64(authority.cert) } })];
    const { condition, outcome } = await reconcile(objects, controller(1_000, false));
    assert.match(condition?.message ?? "", /service team\/webhook has no ready endpoint for port 443/);
    assert.equal(outcome.recheckAfter, 1_000);
  });
});

describe("a configuration that cannot work is not tried again", () => {
  const rows: [config: Webhook["clientConfig"], message: RegExp][] = [
    [{}, /expected exactly one of url and service/],
    [{ url: "https://x", service }, /expected exactly one of url and service/],
    [{ url: "http://x/" }, /is no https URL/],
    [{ url: "https://u:p@x/" }, /must have no user, query or fragment/],
    [{ url: "https://x/?a" }, /must have no user, query or fragment/],
  ];
  for (const [clientConfig, message] of rows)
    test(JSON.stringify(clientConfig), async () => {
      const { condition, outcome } = await reconcile([convention({ clientConfig })]);
      assert.equal(condition?.reason, "ConventionsApplied");
      assert.match(condition?.message ?? "", message);
      assert.equal(outcome.recheckAfter, undefined);
    });
});
