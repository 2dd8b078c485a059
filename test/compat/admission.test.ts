// Admission webhooks: a real HTTPS server with its own authority, called by a real API server.
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { after, afterEach, before, test } from "node:test";
import { WebSocket } from "ws";
import {
  ConfigMap,
  CustomResourceDefinition,
  Deployment,
  MutatingWebhookConfiguration,
  Namespace,
  Pod,
  ValidatingWebhookConfiguration,
} from "#api/builtin/index.ts";
import type { Unstructured } from "#api/meta.ts";
import { issueCertificate, type KeyPair } from "#engine/apiserver/auth/x509.ts";
import { StatusError } from "#kit/status.ts";
import { KubeClient } from "#ports/kube/client.ts";
import { parseKubeconfig } from "#ports/kube/kubeconfig.ts";
import { type Cluster, eventually, startCluster, Widget, widgetDefinition } from "./cluster.ts";

type Review = {
  request: {
    uid: string;
    kind: object;
    requestKind: { version: string };
    resource: { version: string };
    subResource?: string;
    name?: string;
    namespace?: string;
    operation: string;
    userInfo: { username: string };
    object: Unstructured | null;
    oldObject: Unstructured | null;
    dryRun: boolean;
    options: { kind: string } | null;
  };
};
type Reply = object | undefined;

const now = new Date();
const base = { now, days: 30, randomBytes };
const authority: KeyPair = issueCertificate({ ...base, subject: { commonName: "webhook-ca" }, usage: "authority" });
const pair = issueCertificate(
  { ...base, subject: { commonName: "hooks" }, usage: "server", hosts: ["127.0.0.1", "hooks.default.svc"] },
  authority,
);
const caBundle = Buffer.from(authority.cert).toString("base64");

let cluster: Cluster;
let client: KubeClient;
let server: Server;
let port = 0;
/** What the server answers, by path; `reviews` keeps what it was asked. */
let answers: { [path: string]: (review: Review) => Reply | Promise<Reply> } = {};
let reviews: [string, Review][] = [];

before(async () => {
  server = createServer({ key: pair.key, cert: pair.cert }, (request, response) => {
    let text = "";
    request.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    request.on("end", async () => {
      const path = (request.url ?? "").split("?")[0] ?? "";
      const review = JSON.parse(text) as Review;
      reviews.push([path, review]);
      const answer = answers[path];
      if (!answer) return response.writeHead(404).end();
      const reply = await answer(review);
      if (reply) response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(reply));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
  cluster = await startCluster({
    resolveService: async (namespace, name, asked) => {
      if (name === "missing") throw new Error('service "missing" not found');
      return namespace === "default" && name === "hooks" && asked === 443 ? { host: "127.0.0.1", port } : undefined;
    },
  });
  client = new KubeClient(cluster.https);
  await client.create(CustomResourceDefinition, widgetDefinition as never);
});
after(async () => {
  await cluster[Symbol.asyncDispose]();
  server.closeAllConnections();
  server.close();
});
afterEach(async () => {
  for (const resource of [MutatingWebhookConfiguration, ValidatingWebhookConfiguration])
    for (const { metadata } of (await client.list(resource)).items) await client.delete(resource, metadata);
  answers = {};
  reviews = [];
});

const RULE = { operations: ["*"], apiGroups: [""], apiVersions: ["v1"], resources: ["configmaps"] };

function webhook(path: string, rest: object = {}): object {
  return {
    name: `${path.slice(1)}.example.dev`,
    clientConfig: { url: `https://127.0.0.1:${port}${path}`, caBundle },
    rules: [RULE],
    sideEffects: "None",
    admissionReviewVersions: ["v1"],
    ...rest,
  };
}

const register = (
  resource: typeof MutatingWebhookConfiguration,
  name: string,
  ...webhooks: object[]
): Promise<unknown> => client.create(resource, { metadata: { name }, webhooks } as never);
const mutating = (name: string, ...webhooks: object[]) => register(MutatingWebhookConfiguration, name, ...webhooks);
const validating = (name: string, ...webhooks: object[]) =>
  register(ValidatingWebhookConfiguration as never, name, ...webhooks);

function reply({ request }: Review, response: object): object {
  return { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response: { uid: request.uid, ...response } };
}
const allow = (review: Review): object => reply(review, { allowed: true });
const patchWith =
  (patch: object[]) =>
  (review: Review): object =>
    reply(review, {
      allowed: true,
      patchType: "JSONPatch",
      patch: Buffer.from(JSON.stringify(patch)).toString("base64"),
    });

let count = 0;
const config = (rest: object = {}, metadata: object = {}) =>
  ({ metadata: { name: `c${++count}`, namespace: "default", ...metadata }, data: { a: "1" }, ...rest }) as never;

async function refusal(act: Promise<unknown>): Promise<StatusError> {
  let caught: unknown;
  await rejects(act, (error) => {
    caught = error;
    return true;
  });
  ok(caught instanceof StatusError, String(caught));
  return caught;
}

test("asks with all there is to know, and takes the patch", async () => {
  answers["/m"] = patchWith([{ op: "add", path: "/data/b", value: "2" }]);
  await mutating("m", webhook("/m"));
  const created = await client.create(ConfigMap, config({}, { name: "whole" }), { fieldManager: "me" });
  deepEqual(created.data, { a: "1", b: "2" });
  const [, review] = reviews[0] as [string, Review];
  const { uid, object, ...request } = review.request;
  match(uid, /^[0-9a-f]{8}-[0-9a-f]{4}-4/);
  deepEqual([object?.kind, object?.metadata.name, object?.metadata.uid], ["ConfigMap", "whole", created.metadata.uid]);
  deepEqual(request, {
    kind: { group: "", version: "v1", kind: "ConfigMap" },
    resource: { group: "", version: "v1", resource: "configmaps" },
    requestKind: { group: "", version: "v1", kind: "ConfigMap" },
    requestResource: { group: "", version: "v1", resource: "configmaps" },
    name: "whole",
    namespace: "default",
    operation: "CREATE",
    userInfo: { username: "admin", groups: ["system:masters", "system:authenticated"] },
    oldObject: null,
    dryRun: false,
    options: { kind: "CreateOptions", apiVersion: "meta.k8s.io/v1", fieldManager: "me" },
  });
});

test("asks about updates, patches and deletions", async () => {
  answers["/v"] = allow;
  await validating("v", webhook("/v"));
  const created = await client.create(ConfigMap, config());
  const { name } = created.metadata;
  await client.update(ConfigMap, { ...created, data: { a: "2" } } as never);
  await client.patch(ConfigMap, { name, namespace: "default" }, { type: "merge", body: { data: { a: "3" } } });
  await client.apply(ConfigMap, { metadata: { name, namespace: "default" }, data: { z: "1" } } as never);
  await client.delete(ConfigMap, { name, namespace: "default" });
  deepEqual(
    reviews.map(([, { request }]) => [
      request.operation,
      request.options?.kind,
      (request.oldObject as { data?: object } | null)?.data,
      (request.object as { data?: object } | null)?.data,
    ]),
    [
      ["CREATE", "CreateOptions", undefined, { a: "1" }],
      ["UPDATE", "UpdateOptions", { a: "1" }, { a: "2" }],
      ["UPDATE", "PatchOptions", { a: "2" }, { a: "3" }],
      ["UPDATE", "PatchOptions", { a: "3" }, { a: "3", z: "1" }],
      ["DELETE", "DeleteOptions", { a: "3", z: "1" }, undefined],
    ],
  );
});

test("asks about connections to pods, with what they are for", async () => {
  const rules = [{ operations: ["CONNECT"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods/*"] }];
  await validating("v", webhook("/v", { rules }));
  answers["/v"] = (review) => reply(review, { allowed: false, status: { message: "no way in" } });
  const query = "container=c&command=sh&command=-c&stdin=true&tty=true&stdout=true";
  const { ca, cert, key } = parseKubeconfig(cluster.server.kubeconfig());
  const url = `${cluster.server.url.replace("https", "wss")}/api/v1/namespaces/default/pods/p/exec?${query}`;
  const [, answer] = await once(new WebSocket(url, [], { ca, cert, key }), "unexpected-response");
  const status = JSON.parse((await buffer(answer)).toString());
  deepEqual([status.code, status.message], [400, 'admission webhook "v.example.dev" denied the request: no way in']);
  const [, { request }] = reviews[0] as [string, Review];
  deepEqual(request.kind, { group: "", version: "v1", kind: "PodExecOptions" });
  deepEqual([request.operation, request.subResource, request.name], ["CONNECT", "exec", "p"]);
  deepEqual(request.object, {
    kind: "PodExecOptions",
    apiVersion: "v1",
    stdin: true,
    stdout: true,
    tty: true,
    container: "c",
    command: ["sh", "-c"],
  });
});

test("refuses what a webhook denies", async () => {
  await validating("v", webhook("/v"));
  const cases: [object, number, string, string][] = [
    [{ status: { message: "no cats", code: 403, reason: "Forbidden" } }, 403, "Forbidden", ": no cats"],
    [{ status: { reason: "Because" } }, 400, "Because", ": Because"],
    [{}, 400, "", " without explanation"],
  ];
  for (const [response, code, reason, message] of cases) {
    answers["/v"] = (review) => reply(review, { allowed: false, ...response });
    const error = await refusal(client.create(ConfigMap, config()));
    deepEqual(
      [error.code, error.reason, error.message],
      [code, reason, `admission webhook "v.example.dev" denied the request${message}`],
    );
  }
});

test("calls in order of names, changes before checks, and again when needed", async () => {
  const order: string[] = [];
  const note = (name: string, patch?: object[]) => (review: Review) => {
    order.push(name);
    return patch ? patchWith(patch)(review) : allow(review);
  };
  answers["/a"] = note("a");
  answers["/b"] = note("b", [{ op: "add", path: "/data/b", value: "1" }]);
  answers["/c"] = note("c");
  answers["/v"] = note("v");
  await mutating("z", webhook("/c"));
  await mutating("m", webhook("/a", { reinvocationPolicy: "IfNeeded" }), webhook("/b"));
  await validating("a", webhook("/v"));
  await client.create(ConfigMap, config());
  deepEqual(order, ["a", "b", "c", "a", "v"]);
  const [, last] = reviews.at(-1) as [string, Review];
  deepEqual((last.request.object as unknown as { data: object }).data, { a: "1", b: "1" });
});

test("fails or goes on when a webhook fails", async () => {
  const dead = { url: "https://127.0.0.1:1/x", caBundle };
  const service = (name: string, extra: object = {}) => ({
    service: { namespace: "default", name, ...extra },
    caBundle,
  });
  const failing = (clientConfig: object) => webhook("/f", { clientConfig });
  const cases: [string, object, RegExp][] = [
    [
      "refused",
      failing(dead),
      /Post "https:\/\/127.0.0.1:1\/x\?timeout=10s": dial tcp 127.0.0.1:1: connect: connection refused$/,
    ],
    ["not found", webhook("/nowhere"), /failed to call webhook: the server could not find the requested resource$/],
    [
      "no service",
      failing(service("missing")),
      /Post "https:\/\/missing.default.svc:443\?timeout=10s": service "missing" not found$/,
    ],
    [
      "no endpoints",
      failing(service("empty", { path: "/p" })),
      /Post "https:\/\/empty.default.svc:443\/p\?timeout=10s": no endpoints available for service "empty"$/,
    ],
    [
      "unknown authority",
      failing({ url: `https://127.0.0.1:${port}/f` }),
      /x509: certificate signed by unknown authority$/,
    ],
    ["absent", webhook("/absent"), /received invalid webhook response: webhook response was absent$/],
    ["uid", webhook("/uid"), /received invalid webhook response: expected response.uid="[-0-9a-f]+", got "other"$/],
    [
      "patch",
      webhook("/patch"),
      /received invalid webhook response: validating webhook may not return response.patch$/,
    ],
    ["slow", webhook("/slow", { timeoutSeconds: 1 }), /\/slow\?timeout=1s": context deadline exceeded$/],
  ];
  answers["/f"] = allow;
  answers["/absent"] = () => ({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview" });
  answers["/uid"] = (review) => reply(review, { uid: "other", allowed: true });
  answers["/patch"] = (review) => reply(review, { allowed: true, patch: "W10=", patchType: "JSONPatch" });
  answers["/slow"] = () => undefined;
  for (const [title, hook, message] of cases) {
    await validating(title.replace(" ", "-"), hook);
    const error = await refusal(client.create(ConfigMap, config()));
    deepEqual([error.code, error.reason], [500, "InternalError"], title);
    match(error.message, /^Internal error occurred: failed calling webhook "[a-z]+.example.dev": /, title);
    match(error.message, message, title);
    await client.delete(ValidatingWebhookConfiguration, { name: title.replace(" ", "-") });
    if (title === "slow") continue;
    await validating("ignored", { ...hook, failurePolicy: "Ignore" });
    ok(await client.create(ConfigMap, config()), title);
    await client.delete(ValidatingWebhookConfiguration, { name: "ignored" });
  }
});

test("finds webhooks behind a service, by the service's name", async () => {
  answers["/s"] = allow;
  const clientConfig = { service: { namespace: "default", name: "hooks", path: "/s" }, caBundle };
  await validating("s", webhook("/s", { clientConfig }));
  await client.create(ConfigMap, config());
  equal(reviews.length, 1);
});

test("asks only about what rules and selectors name", async () => {
  await client.create(Namespace, { metadata: { name: "marked", labels: { mark: "yes" } } } as never);
  await eventually(() => client.get(ConfigMap, "kube-root-ca.crt", "marked"));
  for (const path of ["/ns", "/obj", "/create", "/status", "/cluster", "/all"]) answers[path] = allow;
  await validating(
    "v",
    webhook("/ns", { namespaceSelector: { matchLabels: { mark: "yes" } } }),
    webhook("/obj", { objectSelector: { matchExpressions: [{ key: "mark", operator: "Exists" }] } }),
    webhook("/create", { rules: [{ ...RULE, operations: ["CREATE"] }] }),
    webhook("/status", { rules: [{ ...RULE, resources: ["pods/status"] }] }),
    webhook("/cluster", {
      rules: [{ ...RULE, apiGroups: ["*"], apiVersions: ["*"], resources: ["*"], scope: "Cluster" }],
    }),
    webhook("/all", { rules: [{ ...RULE, apiGroups: ["*"], apiVersions: ["*"], resources: ["*/status"] }] }),
  );
  const asked = async (act: () => Promise<unknown>): Promise<string> => {
    reviews = [];
    await act();
    return reviews
      .map(([path]) => path)
      .sort()
      .join(" ");
  };
  equal(await asked(() => client.create(ConfigMap, config({}, { name: "x" }))), "/create");
  equal(await asked(() => client.create(ConfigMap, config({}, { namespace: "marked" }))), "/create /ns");
  equal(await asked(() => client.create(ConfigMap, config({}, { labels: { mark: "1" } }))), "/create /obj");
  equal(await asked(() => client.delete(ConfigMap, { name: "x", namespace: "default" })), "");
  equal(await asked(() => client.create(Namespace, { metadata: { name: "other" } } as never)), "/cluster");
  await eventually(() => client.get(ConfigMap, "kube-root-ca.crt", "other"));
  const pod = { metadata: { name: "p", namespace: "default" }, spec: { containers: [{ name: "c", image: "i" }] } };
  equal(await asked(() => client.create(Pod, pod as never)), "");
  const body = { status: { phase: "Running" } };
  equal(
    await asked(() => client.patch(Pod, pod.metadata, { type: "merge", body }, { subresource: "status" })),
    "/all /status",
  );
  equal(reviews[0]?.[1].request.subResource, "status");
  equal(await asked(() => client.delete(ValidatingWebhookConfiguration, { name: "v" })), "");
});

test("tells the client what a webhook warns of", async () => {
  answers["/w"] = (review) => reply(review, { allowed: true, warnings: ["careful"] });
  await validating("w", webhook("/w"));
  const { request } = await import("node:https");
  const token = await cluster.server.issueToken({ name: "a", groups: ["system:masters"] }, 60);
  const warning = await new Promise((resolve, reject) => {
    const outgoing = request(
      `${cluster.server.url}/api/v1/namespaces/default/configmaps`,
      {
        method: "POST",
        ca: cluster.server.caPem,
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      },
      (response) => {
        response.resume();
        resolve(response.headers.warning);
      },
    );
    outgoing.on("error", reject);
    outgoing.end(JSON.stringify(config()));
  });
  equal(warning, '299 - "careful"');
});

test("custom resources are defaulted, pruned and validated after their webhooks", async () => {
  await mutating("m", webhook("/m", { rules: [{ ...RULE, apiGroups: ["example.dev"], resources: ["widgets"] }] }));
  answers["/m"] = patchWith([
    { op: "add", path: "/spec/colour", value: "red" },
    { op: "remove", path: "/spec/replicas" },
  ]);
  const widget = { metadata: { name: "w", namespace: "default" }, spec: { size: 2 } };
  const created = (await client.create(Widget, widget as never)) as unknown as { spec: object };
  deepEqual(created.spec, { size: 2, replicas: 1 });
  answers["/m"] = patchWith([{ op: "replace", path: "/spec/size", value: 0 }]);
  const error = await refusal(
    client.create(Widget, { ...widget, metadata: { ...widget.metadata, name: "w2" } } as never),
  );
  equal(error.reason, "Invalid");
});

test("dry runs are announced, and nothing is stored", async () => {
  answers["/m"] = patchWith([{ op: "add", path: "/data/b", value: "2" }]);
  await mutating("m", webhook("/m"));
  const made = await client.create(ConfigMap, config({}, { name: "dry" }), { dryRun: true });
  deepEqual(made.data, { a: "1", b: "2" });
  equal(reviews[0]?.[1].request.dryRun, true);
  equal(await client.get(ConfigMap, "dry", "default"), undefined);
});

test("a write that is overtaken while webhooks look at it starts again, or conflicts", async () => {
  const created = await client.create(ConfigMap, config());
  const target = { name: created.metadata.name, namespace: "default" };
  let first = true;
  answers["/v"] = async (review) => {
    if (first) {
      first = false;
      await client.patch(ConfigMap, target, { type: "merge", body: { data: { other: String(++count) } } });
    }
    return allow(review);
  };
  await validating("v", webhook("/v"));
  const patched = await client.patch(ConfigMap, target, { type: "merge", body: { data: { mine: "1" } } });
  deepEqual(patched.data, { a: "1", mine: "1", other: String(count) });
  first = true;
  const error = await refusal(client.update(ConfigMap, { ...patched, data: { mine: "2" } } as never));
  equal(error.reason, "Conflict");
});

test("scaling is a write of the scale subresource", async () => {
  const labels = { app: "web" };
  const metadata = { name: "web", namespace: "default" };
  const template = { metadata: { labels }, spec: { containers: [{ name: "c", image: "i" }] } };
  await client.create(Deployment, { metadata, spec: { selector: { matchLabels: labels }, template } } as never);
  answers["/scale"] = (review) => reply(review, { allowed: false, status: { message: "stay small" } });
  const rules = [{ ...RULE, apiGroups: ["apps"], resources: ["deployments/scale"] }];
  await validating("v", webhook("/scale", { rules }));
  const act = client.patch(
    Deployment,
    metadata,
    { type: "merge", body: { spec: { replicas: 9 } } },
    { subresource: "scale" },
  );
  match((await refusal(act)).message, /denied the request: stay small$/);
  const { object, oldObject } = (reviews[0] as [string, Review])[1].request;
  deepEqual([object?.kind, object?.spec, oldObject?.spec], ["Scale", { replicas: 9 }, { replicas: 1 }]);
  await client.patch(Deployment, metadata, { type: "merge", body: { metadata: { labels } } });
  equal(reviews.length, 1);
});

test("asks only when the match conditions hold", async () => {
  answers["/v"] = allow;
  const on = (...expressions: string[]) => ({
    matchConditions: expressions.map((expression, index) => ({ name: `c${index}`, expression })),
  });
  await validating(
    "v",
    webhook("/v", on("object.data.a == '1'", "request.userInfo.username == 'admin'", "request.operation == 'CREATE'")),
  );
  await client.create(ConfigMap, config());
  equal(reviews.length, 1);
  await client.create(ConfigMap, config({ data: { a: "2" } }));
  equal(reviews.length, 1);
  const error = await refusal(client.create(ConfigMap, config({ data: {} }, { name: "lacking" })));
  equal(error.reason, "Forbidden");
  match(error.message, /^configmaps "lacking" is forbidden: match condition "c0": no such key: data$/);
  const { webhooks } = (await client.get(ValidatingWebhookConfiguration, "v")) as unknown as { webhooks: object[] };
  await client.delete(ValidatingWebhookConfiguration, { name: "v" });
  await validating("v", { ...webhooks[0], failurePolicy: "Ignore" });
  ok(await client.create(ConfigMap, config({ data: {} })));
  equal(reviews.length, 1);
  match(
    (await refusal(validating("bad", webhook("/v", on("object.", "1 + 1"))))).message,
    /matchConditions\[0\].expression: Invalid value: "object\.": compilation failed: .*matchConditions\[1\].expression: Invalid value: "1 \+ 1": must evaluate to bool/s,
  );
});

test("fills in and checks configurations", async () => {
  await mutating("m", webhook("/m"));
  const { webhooks } = (await client.get(MutatingWebhookConfiguration, "m")) as unknown as { webhooks: object[] };
  deepEqual(webhooks[0], {
    ...webhook("/m"),
    rules: [{ ...RULE, scope: "*" }],
    failurePolicy: "Fail",
    matchPolicy: "Equivalent",
    namespaceSelector: {},
    objectSelector: {},
    reinvocationPolicy: "Never",
    timeoutSeconds: 10,
  });
  const cases: [object, string][] = [
    [
      { name: "short.name" },
      'webhooks[0].name: Invalid value: "short.name": should be a domain with at least three segments separated by dots',
    ],
    [{ sideEffects: undefined }, "webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun"],
    [
      { sideEffects: "Some" },
      'webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"',
    ],
    [
      { timeoutSeconds: 31 },
      "webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds",
    ],
    [
      { failurePolicy: "Maybe" },
      'webhooks[0].failurePolicy: Unsupported value: "Maybe": supported values: "Fail", "Ignore"',
    ],
    [{ clientConfig: {} }, "webhooks[0].clientConfig: Required value: exactly one of url or service is required"],
    [
      { clientConfig: { url: "http://x/y" } },
      `webhooks[0].clientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme; desired format: https://host[/path]`,
    ],
    [
      { rules: [{ ...RULE, operations: ["*", "CREATE"] }] },
      `webhooks[0].rules[0].operations: Invalid value: ["*","CREATE"]: if '*' is present, must not specify other operations`,
    ],
    [{ rules: [{ ...RULE, resources: [] }] }, "webhooks[0].rules[0].resources: Required value"],
  ];
  for (const [rest, message] of cases) {
    const error = await refusal(validating("bad", webhook("/v", rest)));
    equal(error.message, `ValidatingWebhookConfiguration.admissionregistration.k8s.io "bad" is invalid: ${message}`);
  }
});
