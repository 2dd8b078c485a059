// What goes over the wire besides objects: errors, forms, authentication, restarts.
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { request as requestHttps } from "node:https";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  ClusterRole,
  ClusterRoleBinding,
  ConfigMap,
  CustomResourceDefinition,
  Namespace,
  Pod,
  RoleBinding,
} from "#api/builtin/index.ts";
import type { Unstructured } from "#api/meta.ts";
import { startApiServer } from "#engine/apiserver/start.ts";
import { StatusError } from "#kit/status.ts";
import { KubeClient } from "#ports/kube/client.ts";
import { httpTransport } from "#ports/kube/http.ts";
import { parseKubeconfig } from "#ports/kube/kubeconfig.ts";
import { sqliteStore } from "#ports/store/sqlite.ts";
import { type Cluster, startCluster, take, Widget, widgetDefinition } from "./cluster.ts";

let cluster: Cluster;
let admin: KubeClient;
before(async () => {
  cluster = await startCluster();
  admin = new KubeClient(cluster.inProcess);
  await admin.create(CustomResourceDefinition, widgetDefinition);
});
after(() => cluster[Symbol.asyncDispose]());

type Answer = { code: number; type: string; body: string; headers: Record<string, unknown> };
type Call = { method?: string; body?: string | Buffer; headers?: Record<string, string>; as?: "admin" | "nobody" };

function call(path: string, { method = "GET", body, headers = {}, as = "admin" }: Call = {}): Promise<Answer> {
  const { ca, cert, key } = parseKubeconfig(cluster.server.kubeconfig());
  return new Promise((resolve, reject) => {
    const identity = as === "admin" ? { cert, key } : {};
    const outgoing = requestHttps(
      cluster.server.url + path,
      { method, headers, ca, ...identity, agent: false },
      async (response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of response) chunks.push(chunk as Buffer);
        const type = response.headers["content-type"] ?? "";
        resolve({
          code: response.statusCode ?? 0,
          type,
          body: Buffer.concat(chunks).toString(),
          headers: response.headers,
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

const CONFIGMAPS = "/api/v1/namespaces/default/configmaps";
const JSON_BODY = { "content-type": "application/json" };

const REFUSED: [title: string, path: string, call: Call, code: number, reason: string][] = [
  ["malformed JSON", CONFIGMAPS, { method: "POST", body: "{", headers: JSON_BODY }, 400, "BadRequest"],
  ["an empty body", CONFIGMAPS, { method: "POST" }, 400, "BadRequest"],
  ["a body that is no object", CONFIGMAPS, { method: "POST", body: "[1]", headers: JSON_BODY }, 400, "BadRequest"],
  [
    "metadata that is no object",
    CONFIGMAPS,
    { method: "POST", body: '{"metadata":3}', headers: JSON_BODY },
    400,
    "BadRequest",
  ],
  [
    "labels that are no texts",
    CONFIGMAPS,
    { method: "POST", body: '{"metadata":{"name":"a","labels":{"a":1}}}', headers: JSON_BODY },
    400,
    "BadRequest",
  ],
  [
    "deep nesting",
    CONFIGMAPS,
    {
      method: "POST",
      body: `{"metadata":{"name":"deep"},"data":${"[".repeat(200_000)}${"]".repeat(200_000)}}`,
      headers: JSON_BODY,
    },
    400,
    "BadRequest",
  ],
  [
    "a huge body",
    CONFIGMAPS,
    { method: "POST", body: Buffer.alloc(4 << 20, " "), headers: JSON_BODY },
    413,
    "RequestEntityTooLarge",
  ],
  [
    "an unknown media type",
    CONFIGMAPS,
    { method: "POST", body: "x", headers: { "content-type": "text/csv" } },
    415,
    "UnsupportedMediaType",
  ],
  [
    "broken protobuf",
    CONFIGMAPS,
    { method: "POST", body: "k8s\0\xff\xff", headers: { "content-type": "application/vnd.kubernetes.protobuf" } },
    400,
    "BadRequest",
  ],
  ["an unknown resource", "/api/v1/namespaces/default/nothings", {}, 404, "NotFound"],
  ["a malformed escape", "/api/v1/namespaces/%zz/configmaps", {}, 400, "BadRequest"],
  ["a strange path", "/api/v1/namespaces/default/pods/a/b/c/d", {}, 404, "NotFound"],
  ["a wrong method", CONFIGMAPS, { method: "PUT", body: "{}", headers: JSON_BODY }, 405, "MethodNotAllowed"],
  ["a bad limit", `${CONFIGMAPS}?limit=x`, {}, 400, "BadRequest"],
  ["a bad selector", `${CONFIGMAPS}?labelSelector=a%20in%20b`, {}, 400, "BadRequest"],
  ["a form that is not served", CONFIGMAPS, { headers: { accept: "application/xml" } }, 406, "NotAcceptable"],
  [
    "an unknown patch type",
    `${CONFIGMAPS}/kube-root-ca.crt`,
    { method: "PATCH", body: "{}", headers: JSON_BODY },
    415,
    "UnsupportedMediaType",
  ],
  [
    "an apply without a manager",
    `${CONFIGMAPS}/x`,
    { method: "PATCH", body: "{}", headers: { "content-type": "application/apply-patch+yaml" } },
    422,
    "Invalid",
  ],
  ["an invalid token", "/api", { as: "nobody", headers: { authorization: "Bearer nonsense" } }, 401, "Unauthorized"],
  ["nobody on resources", CONFIGMAPS, { as: "nobody" }, 403, "Forbidden"],
  ["nobody on discovery", "/apis", { as: "nobody" }, 403, "Forbidden"],
];

for (const [title, path, options, code, reason] of REFUSED)
  test(`refuses ${title}`, async () => {
    const answer = await call(path, options);
    const status = JSON.parse(answer.body) as { kind: string; code: number; reason: string; message: string };
    deepEqual([answer.code, status.kind, status.code, status.reason], [code, "Status", code, reason]);
    ok(status.message);
  });

for (const path of ["/apis/none.dev/v1/things", "/nothing"])
  test(`has a page for ${path}, below which there is nothing`, async () => {
    const { code, body, headers } = await call(path);
    deepEqual([code, body, headers["content-type"]], [404, "404 page not found\n", "text/plain; charset=utf-8"]);
  });

test("is open about its health and version only", async () => {
  for (const path of ["/healthz", "/livez", "/readyz"]) equal((await call(path, { as: "nobody" })).body, "ok");
  match(
    (JSON.parse((await call("/version", { as: "nobody" })).body) as { gitVersion: string }).gitVersion,
    /^v1\.\d+\.\d+/,
  );
});

test("warns about unknown fields, or is strict about them", async () => {
  const body = JSON.stringify({ metadata: { name: "warned", strange: 1 }, other: 1 });
  const warned = await call(`${CONFIGMAPS}?fieldValidation=Warn`, { method: "POST", body, headers: JSON_BODY });
  equal(warned.code, 201);
  match(String(warned.headers.warning), /299 - "unknown field \\"metadata.strange\\""/);
  const strict = await call(`${CONFIGMAPS}?fieldValidation=Strict`, { method: "POST", body, headers: JSON_BODY });
  match(strict.body, /strict decoding error: unknown field/);
});

test("takes YAML", async () => {
  const yaml = { "content-type": "application/yaml" };
  equal(
    (await call(CONFIGMAPS, { method: "POST", body: "metadata:\n  name: yaml\ndata:\n  a: b\n", headers: yaml })).code,
    201,
  );
  const broken = await call(CONFIGMAPS, { method: "POST", body: "a: [", headers: yaml });
  match((JSON.parse(broken.body) as { message: string }).message, /yaml: line 1: column 5/);
});

test("takes protobuf", async () => {
  const field = (number: number, content: Buffer | string): Buffer => {
    const bytes = Buffer.from(content);
    return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
  };
  const entry = Buffer.concat([field(1, "key"), field(2, "value")]);
  const raw = Buffer.concat([field(1, Buffer.concat([field(1, "pb"), field(2, "")])), field(2, entry)]);
  const type = Buffer.concat([field(1, "v1"), field(2, "ConfigMap")]);
  const body = Buffer.concat([Buffer.from("k8s\0"), field(1, type), field(2, raw)]);
  const headers = { "content-type": "application/vnd.kubernetes.protobuf" };
  equal((await call(CONFIGMAPS, { method: "POST", body, headers })).code, 201);
  deepEqual((await admin.get(ConfigMap, "pb", "default"))?.data, { key: "value" });
});

const TABLE = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" };
type Table = {
  kind: string;
  columnDefinitions: { name: string; priority: number }[];
  rows: { cells: unknown[]; object: Unstructured }[];
};

test("shows built-in and custom resources as tables", async () => {
  await admin.create(Pod, {
    metadata: { name: "t", namespace: "default" },
    spec: { containers: [{ name: "c", image: "x" }] },
  });
  const pods = JSON.parse((await call("/api/v1/namespaces/default/pods", { headers: TABLE })).body) as Table;
  deepEqual(
    pods.columnDefinitions.filter(({ priority }) => priority === 0).map(({ name }) => name),
    ["Name", "Ready", "Status", "Restarts", "Age"],
  );
  deepEqual(pods.rows[0]?.cells.slice(0, 4), ["t", "0/1", "Pending", "0"]);
  equal(pods.rows[0]?.object.kind, "PartialObjectMetadata");
  const widgets = [
    { name: "git", spec: { size: 1, source: { git: { url: "u" } } } },
    { name: "image", spec: { size: 2, source: { image: "i" } } },
  ];
  for (const { name, spec } of widgets) await admin.create(Widget, { metadata: { name, namespace: "default" }, spec });
  const path = "/apis/example.dev/v1/namespaces/default/widgets";
  const table = JSON.parse((await call(path, { headers: TABLE })).body) as Table;
  deepEqual(
    table.columnDefinitions.map(({ name }) => name),
    ["Name", "Size", "Source", "Age"],
  );
  deepEqual(
    table.rows.map(({ cells }) => cells.slice(0, 3)),
    [
      ["git", 1, "u"],
      ["image", 2, "i"],
    ],
  );
});

test("gives metadata alone when asked", async () => {
  const accept = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
  const list = JSON.parse((await call("/api/v1/namespaces", { headers: { accept } })).body) as {
    kind: string;
    items: Unstructured[];
  };
  equal(list.kind, "PartialObjectMetadataList");
  deepEqual(
    [list.items[0]?.kind, list.items[0]?.metadata.name, list.items[0]?.spec],
    ["PartialObjectMetadata", "default", undefined],
  );
});

test("describes itself, aggregated and plain", async () => {
  const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
  for (const path of ["/api", "/apis"]) {
    const answer = await call(path, { headers: { accept } });
    equal(answer.type, accept);
    equal((JSON.parse(answer.body) as { kind: string }).kind, "APIGroupDiscoveryList");
  }
  const plain = JSON.parse((await call("/apis")).body) as { kind: string; groups: { name: string }[] };
  deepEqual([plain.kind, plain.groups.some(({ name }) => name === "example.dev")], ["APIGroupList", true]);
  const index = JSON.parse((await call("/openapi/v3")).body) as {
    paths: Record<string, { serverRelativeURL: string }>;
  };
  const document = JSON.parse((await call(index.paths["apis/example.dev/v1"]?.serverRelativeURL ?? "")).body) as {
    components: { schemas: object };
  };
  ok(Object.keys(document.components.schemas).includes("dev.example.v1.Widget"));
});

test("expires watches of forgotten versions", async () => {
  await using other = await startCluster();
  const client = new KubeClient(other.https);
  const { resourceVersion } = await client.list(ConfigMap);
  for (let index = 0; index < 4200; index += 100)
    await Promise.all(
      Array.from({ length: 100 }, (_, at) =>
        new KubeClient(other.inProcess).create(ConfigMap, {
          metadata: { name: `c${index + at}`, namespace: "default" },
        }),
      ),
    );
  for (const transport of [other.https, other.inProcess])
    await rejects(
      take(new KubeClient(transport).watch(ConfigMap, { resourceVersion, signal: AbortSignal.timeout(5000) }), 1),
      (error) => error instanceof StatusError && error.reason === "Expired" && error.code === 410,
    );
});

test("lets token users do what their roles allow", async () => {
  const rules = [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list"] }];
  await admin.create(ClusterRole, { metadata: { name: "read-configs" }, rules });
  await admin.create(RoleBinding, {
    metadata: { name: "reader", namespace: "default" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "read-configs" },
    subjects: [{ kind: "ServiceAccount", name: "reader", namespace: "default" }],
  });
  const token = await cluster.server.issueToken({ name: "system:serviceaccount:default:reader", groups: [] }, 60);
  deepEqual((await cluster.server.authenticateToken(token))?.username, "system:serviceaccount:default:reader");
  const transport = httpTransport({ server: cluster.server.url, ca: cluster.server.caPem, token });
  const reader = new KubeClient(transport);
  try {
    ok(await reader.get(ConfigMap, "kube-root-ca.crt", "default"));
    const forbidden = (error: unknown) => error instanceof StatusError && error.reason === "Forbidden";
    await rejects(reader.list(ConfigMap, { namespace: "kube-system" }), forbidden);
    await rejects(reader.list(ConfigMap), forbidden);
    await rejects(reader.delete(ConfigMap, { name: "kube-root-ca.crt", namespace: "default" }), forbidden);
    await rejects(reader.get(Namespace, "default"), forbidden);
    await admin.create(ClusterRoleBinding, {
      metadata: { name: "reader" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "read-configs" },
      subjects: [{ kind: "Group", apiGroup: "rbac.authorization.k8s.io", name: "system:authenticated" }],
    });
    ok((await reader.list(ConfigMap)).items.length > 0);
    equal((await reader.resourceFor("example.dev/v1", "Widget")).plural, "widgets");
  } finally {
    await transport.close();
  }
});

test("goes on after a restart: same objects, same identity, later versions", async () => {
  await using first = await startCluster();
  const file = join(first.folder, "second.db");
  const options = { dataDir: join(first.folder, "second"), port: 0 };
  const before = await startApiServer({ ...options, store: sqliteStore(file) });
  const client = new KubeClient(before.transport());
  await client.create(CustomResourceDefinition, widgetDefinition);
  const widget = await client.create(Widget, { metadata: { name: "w", namespace: "default" }, spec: { size: 1 } });
  await client.create(ConfigMap, { metadata: { name: "gone", namespace: "default" } });
  await client.delete(ConfigMap, { name: "gone", namespace: "default" });
  const { resourceVersion } = await client.list(ConfigMap);
  const kubeconfig = parseKubeconfig(before.kubeconfig());
  await before.close();
  const after = await startApiServer({ ...options, store: sqliteStore(file) });
  try {
    const transport = httpTransport({ ...kubeconfig, server: after.url });
    const again = new KubeClient(transport);
    deepEqual(await again.get(Widget, "w", "default"), widget);
    equal(await again.get(ConfigMap, "gone", "default"), undefined);
    const next = await again.create(ConfigMap, { metadata: { name: "next", namespace: "default" } });
    ok(Number(next.metadata.resourceVersion) > Number(resourceVersion));
    await transport.close();
  } finally {
    await after.close();
  }
});
