/** What `kubectl apply` says of conventions and intents that cannot work, in the words of upstream's admission. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ClusterPodConvention, PodIntent } from "#api/conventions.carto.run/index.ts";
import type { ResourceRef, Unstructured } from "#api/meta.ts";
import { StatusError } from "#kit/status.ts";
import { type Draft, KubeClient } from "#ports/kube/client.ts";
import { applyDefinitions } from "#profiles/defaults.ts";
import { type Cluster, startCluster } from "../compat/cluster.ts";

const service = { namespace: "team", name: "webhook" };
const webhook = (clientConfig: object, more: object = {}): object => ({ webhook: { clientConfig, ...more } });
const url = (text: string): object => webhook({ url: text });
const matching = (operator: string): object => ({ selectors: [{ matchExpressions: [{ key: "a", operator }] }] });
const template = { spec: { containers: [{ name: "workload", image: "r/app:1" }] } };

type Row = [what: string, spec: object, ...messages: string[]];

const CONVENTIONS: Row[] = [
  ["a service", webhook({ service: { ...service, path: "/apply", port: 8443 } })],
  ["a URL", url("https://webhook.example:9000/apply")],
  ["a certificate", webhook({ service }, { certificate: { namespace: "team", name: "cert" } })],
  [
    "all that it may say",
    { ...webhook({ service }), ...matching("Exists"), selectorTarget: "PodIntent", priority: "Late" },
  ],
  [
    "a URL and a service",
    webhook({ url: "https://a", service }),
    "spec.webhook.clientConfig",
    "expected exactly one, got both",
  ],
  ["neither", webhook({}), "[url, service]: expected exactly one, got neither"],
  ["http", url("http://a.example"), "'https' is the only allowed URL scheme; desired format: https://host[/path]"],
  ["no URL", url("a.example"), "'https' is the only allowed URL scheme"],
  ["no host", url("https:///apply"), "host must be specified; desired format: https://host[/path]"],
  ["a user", url("https://me@a.example"), "user information is not permitted in the URL"],
  ["a fragment", url("https://a.example/#x"), "fragments are not permitted in the URL"],
  ["a query", url("https://a.example/?x=1"), "query parameters are not permitted in the URL"],
  ["a port that there is not", webhook({ service: { ...service, port: 70_000 } }), "clientConfig.service.port"],
  [
    "a service without name",
    webhook({ service: { namespace: "team" } }),
    "spec.webhook.clientConfig.service.name: Required value",
  ],
  [
    "a certificate without name",
    webhook({ service }, { certificate: { namespace: "team" } }),
    "spec.webhook.certificate.name: Required value",
  ],
  [
    "another priority",
    { ...webhook({ service }), priority: "Soon" },
    'Accepted priority values "Early" or "Normal" or "Late"',
  ],
  [
    "another target",
    { ...webhook({ service }), selectorTarget: "Pod" },
    'Accepted selector target values are "PodIntent" and "PodTemplateSpec". The default value is set to "PodTemplateSpec"',
  ],
];

const INTENTS: Row[] = [
  ["pull secrets", { template, imagePullSecrets: [{ name: "pull" }] }],
  [
    "a pull secret without name",
    { template, imagePullSecrets: [{}] },
    "spec.imagePullSecrets[0]",
    "name: Required value",
  ],
];

describe("admission of conventions", () => {
  let cluster: Cluster;
  let client: KubeClient;
  before(async () => {
    cluster = await startCluster({ controllers: false });
    client = new KubeClient(cluster.inProcess);
    await applyDefinitions(client);
  });
  after(() => cluster[Symbol.asyncDispose]());

  const table = (resource: ResourceRef, namespace: object, rows: readonly Row[]): void => {
    for (const [what, spec, ...messages] of rows)
      test(`${resource.kind}: ${what}${messages.length > 0 ? " is refused" : ""}`, async () => {
        const draft = { metadata: { name: "x", ...namespace }, spec } as Draft<Unstructured>;
        const written = client.create(resource, draft, { dryRun: true });
        if (messages.length === 0) return void (await written);
        await assert.rejects(written, (error) => {
          assert.ok(error instanceof StatusError && error.reason === "Invalid", String(error));
          for (const message of messages) assert.ok(error.message.includes(message), error.message);
          return true;
        });
      });
  };
  table(ClusterPodConvention as unknown as ResourceRef, {}, CONVENTIONS);
  table(PodIntent as unknown as ResourceRef, { namespace: "default" }, INTENTS);
});
