// Whatever a client sends: the answer is a Status or a clean close, and nobody else notices.
import { deepEqual, equal, ok } from "node:assert/strict";
import { Agent, request as requestHttps } from "node:https";
import { after, before, test } from "node:test";
import { connect } from "node:tls";
import fc from "fast-check";
import { ConfigMap, CustomResourceDefinition, Deployment } from "#api/builtin/index.ts";
import { KubeClient } from "#ports/kube/client.ts";
import { parseKubeconfig } from "#ports/kube/kubeconfig.ts";
import { memoryStore } from "#ports/store/memory.ts";
import { StoreError } from "#ports/store/store.ts";
import { type Cluster, startCluster, Widget, widgetDefinition } from "./cluster.ts";
import { callServer } from "./http.ts";

const REQUESTS = 10_000;
const IN_FLIGHT = 16;

let cluster: Cluster;
let admin: KubeClient;
let agent: Agent;
before(async () => {
  cluster = await startCluster();
  admin = new KubeClient(cluster.inProcess);
  await admin.create(CustomResourceDefinition, widgetDefinition);
  await admin.create(ConfigMap, { metadata: { name: "kept", namespace: "default" }, data: { a: "b" } });
  await admin.create(Widget, { metadata: { name: "kept", namespace: "default" }, spec: { size: 1 } });
  await admin.create(Deployment, {
    metadata: { name: "kept", namespace: "default" },
    spec: {
      selector: { matchLabels: { a: "b" } },
      template: { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "i" }] } },
    } as never,
  });
  const { ca = "", cert = "", key = "" } = parseKubeconfig(cluster.server.kubeconfig());
  agent = new Agent({ keepAlive: true, maxSockets: IN_FLIGHT, ca, cert, key });
});
after(async () => {
  agent.destroy();
  await cluster[Symbol.asyncDispose]();
});

type Attack = { method: string; path: string; headers: Record<string, string>; body: Buffer | undefined };

const PATHS = [
  "/api/v1/namespaces/default/configmaps",
  "/api/v1/namespaces/default/configmaps/kept",
  "/apis/example.dev/v1/namespaces/default/widgets",
  "/apis/example.dev/v1/namespaces/default/widgets/kept",
  "/apis/example.dev/v1/namespaces/default/widgets/kept/status",
  "/apis/example.dev/v1/namespaces/default/widgets/kept/scale",
  "/apis/apps/v1/namespaces/default/deployments/kept",
  "/apis/apps/v1/namespaces/default/deployments/kept/scale",
  "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
  "/openapi/v3/apis/apps/v1",
  "/api",
];
const TYPES = [
  "application/json",
  "application/yaml",
  "application/vnd.kubernetes.protobuf",
  "application/merge-patch+json",
  "application/json-patch+json",
  "application/strategic-merge-patch+json",
  "application/apply-patch+yaml",
  "text/csv",
];
const SOUND = JSON.stringify({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "kept", namespace: "default", labels: { x: "y" }, managedFields: [{ fieldsV1: { "f:spec": {} } }] },
  spec: { replicas: 2, template: { spec: { containers: [{ name: "c", ports: [{ containerPort: 1 }] }] } } },
});
const HOSTILE = [
  "../../../etc/passwd",
  "%00",
  "%2e%2e%2f",
  "a".repeat(3_000),
  "%ff%fe",
  "__proto__",
  "constructor",
  "..;/",
  "%zz",
  "*",
];

const words = fc.oneof(fc.constantFrom(...HOSTILE), fc.stringMatching(/^[\w%.~-]{0,20}$/));
const path = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...PATHS) },
  fc.array(words, { maxLength: 6 }).map((parts) => `/${parts.join("/")}`),
  fc.tuple(fc.constantFrom(...PATHS), words).map(([base, word]) => `${base}/${word}`),
);
const PARAMETERS = [
  "limit",
  "continue",
  "resourceVersion",
  "resourceVersionMatch",
  "labelSelector",
  "fieldSelector",
  "fieldManager",
  "force",
  "propagationPolicy",
  "gracePeriodSeconds",
  "fieldValidation",
  "includeObject",
  "pretty",
];
const VALUES = [
  "",
  "0",
  "-1",
  "1e9",
  "99999999999999999999",
  "true",
  "Exact",
  "a in (",
  "a,,b",
  "!",
  "()",
  "metadata.name==",
  "__proto__",
  "%00",
];
const query = fc
  .array(fc.tuple(fc.constantFrom(...PARAMETERS), fc.oneof(fc.constantFrom(...VALUES), fc.string({ maxLength: 12 }))), {
    maxLength: 4,
  })
  .map((pairs) => pairs.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&"));

const cut = fc.integer({ min: 0, max: SOUND.length - 1 }).map((at) => Buffer.from(SOUND.slice(0, at)));
const flipped = fc
  .array(fc.tuple(fc.integer({ min: 0, max: SOUND.length - 1 }), fc.integer({ min: 0, max: 255 })), {
    minLength: 1,
    maxLength: 8,
  })
  .map((changes) => {
    const bytes = Buffer.from(SOUND);
    for (const [at, value] of changes) bytes[at] = value;
    return bytes;
  });
const strange = fc.json({ maxDepth: 4 }).map((text) => Buffer.from(text));
const shaped = fc
  .record({
    metadata: fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constant({ name: "kept" })),
    spec: fc.jsonValue({ maxDepth: 3 }),
    data: fc.jsonValue({ maxDepth: 2 }),
  })
  .map((value) => Buffer.from(JSON.stringify(value)));
const binary = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.concat([Buffer.from("k8s\0"), bytes]));
const yaml = fc.constantFrom(
  "a: [",
  "&a [*a]",
  "a: &x {b: *x}",
  "- - -",
  "{{",
  "a:\n\t- b",
  "!!js/function 'x'",
  "a: 1\n---\nb: 2",
);
const body = fc.oneof(
  cut,
  flipped,
  strange,
  shaped,
  binary,
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  yaml.map((text) => Buffer.from(text)),
  fc.constant(Buffer.from("[".repeat(5_000))),
);

/** Everything is a rehearsal, so that what does happen to be valid changes nothing. */
const attack: fc.Arbitrary<Attack> = fc
  .record({
    method: fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "PURGE"),
    path,
    query,
    type: fc.constantFrom(...TYPES),
    accept: fc.constantFrom(
      "application/json",
      "*/*",
      "application/xml",
      "application/json;as=Table;v=v1;g=meta.k8s.io",
      ";;,",
    ),
    body,
  })
  .map(({ method, path: at, query: parameters, type, accept, body: bytes }) => ({
    method,
    path: `${at}?dryRun=All&${parameters}`,
    headers: { "content-type": type, accept },
    body: method === "GET" || method === "HEAD" ? undefined : bytes,
  }));

function send({ method, path: at, headers, body: bytes }: Attack): Promise<{ code: number; text: string }> {
  return new Promise((resolve, reject) => {
    const length = bytes ? { "content-length": String(bytes.length) } : {};
    const options = { method, agent, headers: { ...headers, ...length }, path: at };
    const outgoing = requestHttps(cluster.server.url, options, async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      resolve({ code: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() });
    });
    outgoing.on("error", reject);
    outgoing.end(bytes);
  });
}

/** Everything in the cluster, as text. */
async function everything(): Promise<string> {
  const lists = await Promise.all(
    PATHS.slice(0, 9).map((at) => cluster.inProcess.request({ method: "GET", path: at })),
  );
  return JSON.stringify(lists.map((list) => ({ ...(list as object), metadata: undefined })));
}

/**
 * Whether an answer is the 500 that real servers give to revisions that are none, and to patches of lists without the
 * key that they are merged by; a HEAD has no body that says so.
 */
function isUnclassified(code: number, text: string): boolean {
  return code === 500 && (text === "" || /"message":"(resourceVersion: Invalid value|strconv\.|map: map\[)/.test(text));
}

test(`answers ${REQUESTS} malformed requests with a Status, and keeps what it has`, async () => {
  const before = await everything();
  const attacks = fc.sample(attack, REQUESTS);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < attacks.length) {
      const mine = attacks[next++] as Attack;
      const { code, text } = await send(mine);
      const shown = `${mine.method} ${mine.path.slice(0, 200)} ${mine.body?.toString("latin1").slice(0, 300)} -> ${code} ${text.slice(0, 500)}`;
      ok((code >= 200 && code < 500) || isUnclassified(code, text), shown);
      if (mine.method === "HEAD" || code < 400) continue;
      if (text === "404 page not found\n" || text === "") continue;
      const status = JSON.parse(text) as { kind: string; code: number; reason?: string };
      deepEqual([status.kind, status.code], ["Status", code], shown);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  equal(await everything(), before);
});

const RAW: [title: string, bytes: Buffer][] = [
  ["nothing", Buffer.alloc(0)],
  ["random bytes", Buffer.from(Array.from({ length: 400 }, (_, at) => (at * 197 + 31) % 256))],
  ["a line without an end", Buffer.from("GET /api")],
  ["no method", Buffer.from("/api HTTP/1.1\r\n\r\n")],
  ["a huge header", Buffer.from(`GET /api HTTP/1.1\r\nHost: x\r\nX: ${"y".repeat(100_000)}\r\n\r\n`)],
  ["two lengths", Buffer.from("POST /api HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab")],
  ["a body that is cut", Buffer.from("POST /api/v1/namespaces HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")],
  [
    "a broken chunk",
    Buffer.from("POST /api/v1/namespaces HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
  ],
  [
    "a strange upgrade",
    Buffer.from("GET /api HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: \xff\r\n\r\n", "latin1"),
  ],
];

for (const [title, bytes] of RAW)
  test(`survives a connection with ${title}`, async () => {
    const { ca, cert, key } = parseKubeconfig(cluster.server.kubeconfig());
    const { hostname, port } = new URL(cluster.server.url);
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port), ca, cert, key }, () => socket.end(bytes));
      const chunks: Buffer[] = [];
      socket.on("data", (chunk) => chunks.push(chunk));
      socket.on("error", (error: NodeJS.ErrnoException) => (error.code === "ECONNRESET" ? resolve("") : reject(error)));
      socket.on("close", () => resolve(Buffer.concat(chunks).toString()));
    });
    if (answer !== "") ok(/^HTTP\/1\.1 4\d\d /.test(answer), answer.slice(0, 200));
    equal((await callServer(cluster.server, "/readyz")).body, "ok");
  });

test("a full disk is a Status of its own, and passes", async () => {
  const store = memoryStore();
  let full = false;
  const append: typeof store.append = (batch) =>
    full ? Promise.reject(new StoreError("full", "cannot write: the disk is full")) : store.append(batch);
  await using other = await startCluster({ store: { ...store, append } });
  const create = (name: string) =>
    callServer(other.server, "/api/v1/namespaces/default/configmaps", {
      method: "POST",
      body: JSON.stringify({ metadata: { name } }),
      headers: { "content-type": "application/json" },
    });
  full = true;
  const refused = await create("a");
  const status = JSON.parse(refused.body) as { code: number; message: string };
  deepEqual([refused.code, status.code, status.message], [507, 507, "cannot write: the disk is full"]);
  equal((await callServer(other.server, "/api/v1/namespaces/default/configmaps/a")).code, 404);
  full = false;
  equal((await create("a")).code, 201);
});
