// Lists and watches to the letter: revisions, pages, bookmarks, forms, compression.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { after, before, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { WebSocket } from "ws";
import { ConfigMap, Namespace, Pod } from "#api/builtin/index.ts";
import { KubeClient } from "#ports/kube/client.ts";
import { parseKubeconfig } from "#ports/kube/kubeconfig.ts";
import { type Cluster, eventually, startCluster, take } from "./cluster.ts";
import { callServer, type HttpCall } from "./http.ts";

let cluster: Cluster;
let admin: KubeClient;
let now = new Date("2026-01-01T00:00:00Z");
before(async () => {
  cluster = await startCluster({ clock: () => now });
  admin = new KubeClient(cluster.inProcess);
  await admin.create(Namespace, { metadata: { name: "paged" }, spec: {} });
  await eventually(async () => (await admin.list(ConfigMap, { namespace: "paged" })).items.length === 1);
  for (let index = 0; index < 9; index++)
    await admin.create(ConfigMap, { metadata: { name: `c${index}`, namespace: "paged", labels: { app: "x" } } });
});
after(() => cluster[Symbol.asyncDispose]());

const PATH = "/api/v1/namespaces/paged/configmaps";
type List = {
  kind: string;
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
  items: { metadata: { name: string } }[];
  message: string;
  reason: string;
  code: number;
  details?: { causes?: { reason?: string; field?: string }[]; retryAfterSeconds?: number };
};
const call = (path: string, options?: HttpCall) => callServer(cluster.server, path, options);
const read = async (query: string): Promise<List> => JSON.parse((await call(`${PATH}?${query}`)).body) as List;
const namesOf = (list: List): string[] => list.items.map(({ metadata }) => metadata.name);
const ALL = ["c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "kube-root-ca.crt"];

test("pages show the moment of the first page, whatever happens in between", async () => {
  const first = await read("limit=4");
  deepEqual(namesOf(first), ALL.slice(0, 4));
  equal(first.metadata.remainingItemCount, 6);
  await admin.delete(ConfigMap, { name: "c5", namespace: "paged" });
  await admin.create(ConfigMap, { metadata: { name: "c45", namespace: "paged" } });
  const second = await read(`limit=4&continue=${first.metadata.continue}`);
  deepEqual(namesOf(second), ALL.slice(4, 8));
  equal(second.metadata.resourceVersion, first.metadata.resourceVersion);
  const third = await read(`limit=4&continue=${second.metadata.continue}`);
  deepEqual([namesOf(third), third.metadata.continue], [ALL.slice(8), undefined]);
  await admin.delete(ConfigMap, { name: "c45", namespace: "paged" });
  await admin.create(ConfigMap, { metadata: { name: "c5", namespace: "paged", labels: { app: "x" } } });
});

test("pages with a selector count nothing and end when nothing more matches", async () => {
  const first = await read("limit=5&labelSelector=app%3Dx");
  equal(first.metadata.remainingItemCount, undefined);
  const second = await read(`limit=5&labelSelector=app%3Dx&continue=${first.metadata.continue}`);
  deepEqual([...namesOf(first), ...namesOf(second)], ALL.slice(0, 9));
  equal(second.metadata.continue, undefined);
});

test("a page that is asked for too late is 410, with a token for the rest as it is now", async () => {
  const first = await read("limit=4");
  for (let index = 0; index < 4200; index += 100)
    await Promise.all(
      Array.from({ length: 100 }, (_, at) =>
        admin.patch(
          ConfigMap,
          { name: "c8", namespace: "paged" },
          { type: "merge", body: { data: { n: `${index + at}` } } },
        ),
      ),
    );
  deepEqual(namesOf(await read(`limit=1&continue=${first.metadata.continue}`)), ["c4"]);
  now = new Date(now.getTime() + 6 * 60_000);
  const late = await read(`limit=4&continue=${first.metadata.continue}`);
  deepEqual([late.code, late.reason], [410, "Expired"]);
  match(late.message, /The provided continue parameter is too old to display a consistent list result/);
  deepEqual(namesOf(await read(`continue=${late.metadata.continue}`)), ALL.slice(4));
});

test("an exact revision is served as long as it is remembered", async () => {
  const { resourceVersion } = await admin.list(ConfigMap, { namespace: "paged" });
  await admin.delete(ConfigMap, { name: "c3", namespace: "paged" });
  const then = await read(`resourceVersion=${resourceVersion}&resourceVersionMatch=Exact`);
  deepEqual([namesOf(then), then.metadata.resourceVersion], [ALL, resourceVersion]);
  deepEqual(
    namesOf(await read(`resourceVersion=${resourceVersion}&resourceVersionMatch=NotOlderThan`)),
    ALL.filter((name) => name !== "c3"),
  );
  equal((await read("resourceVersion=1&resourceVersionMatch=Exact")).code, 410);
  await admin.create(ConfigMap, { metadata: { name: "c3", namespace: "paged", labels: { app: "x" } } });
});

const REFUSED: [query: string, code: number, message: RegExp][] = [
  ["resourceVersionMatch=Exact", 422, /resourceVersionMatch is forbidden unless resourceVersion is provided/],
  ["resourceVersion=0&resourceVersionMatch=Exact", 422, /"exact" is forbidden for resourceVersion "0"/],
  ["resourceVersion=5&resourceVersionMatch=Newest", 422, /Unsupported value: "Newest"/],
  ["sendInitialEvents=true", 422, /sendInitialEvents is forbidden for list/],
  ["continue=nonsense", 400, /continue key is not valid/],
  ["resourceVersion=99999999", 504, /Too large resource version/],
  ["resourceVersion=abc", 400, /invalid syntax/],
  ["watch=1&sendInitialEvents=true", 422, /sendInitialEvents requires setting resourceVersionMatch to NotOlderThan/],
  ["watch=1&resourceVersionMatch=NotOlderThan&resourceVersion=5", 422, /forbidden for watch unless sendInitialEvents/],
  ["watch=1&resourceVersion=99999999", 504, /Too large resource version/],
  ["fieldSelector=data.a%3Db", 400, /not a known field selector/],
  ["includeObject=Everything", 400, /includeObject: Invalid value: "Everything"/],
];

for (const [query, code, message] of REFUSED)
  test(`refuses ${query}`, async () => {
    const answer = await read(query);
    equal(answer.code, code, answer.message);
    match(answer.message, message);
  });

test("a revision that is not there yet says so in a cause", async () => {
  const { details } = await read("resourceVersion=99999999");
  deepEqual([details?.causes?.[0]?.reason, details?.retryAfterSeconds], ["ResourceVersionTooLarge", 1]);
});

test("pods are found by the fields that agents ask for", async () => {
  const spec = { containers: [{ name: "c", image: "i" }] };
  await admin.create(Pod, { metadata: { name: "here", namespace: "paged" }, spec: { ...spec, nodeName: "n1" } });
  await admin.create(Pod, { metadata: { name: "there", namespace: "paged" }, spec });
  const pods = async (selector: string): Promise<string[]> =>
    (await admin.list(Pod, { namespace: "paged", fields: selector })).items.map(({ metadata }) => metadata.name);
  deepEqual(await pods("spec.nodeName=n1"), ["here"]);
  deepEqual(await pods("spec.nodeName!=n1,status.phase=Pending"), ["there"]);
  deepEqual(await pods("spec.hostNetwork=false,metadata.namespace=paged"), ["here", "there"]);
});

for (const name of ["https", "inProcess"] as const)
  test(`${name}: a watch list ends its beginning with a marked bookmark, and a watch ends with one`, async () => {
    const client = new KubeClient(cluster[name]);
    const query = {
      sendInitialEvents: "true",
      allowWatchBookmarks: "true",
      resourceVersionMatch: "NotOlderThan",
      timeoutSeconds: "1",
    };
    const events: { type: string; object: { metadata: { annotations?: object; name?: string } } }[] = [];
    for await (const event of cluster[name].watch({ method: "GET", path: PATH, query })) events.push(event as never);
    deepEqual(
      events.map(({ type }) => type),
      [...ALL.map(() => "ADDED"), "BOOKMARK", "BOOKMARK"],
    );
    deepEqual(events.at(-2)?.object.metadata.annotations, { "k8s.io/initial-events-end": "true" });
    equal(events.at(-1)?.object.metadata.annotations, undefined);
    const { resourceVersion } = await client.list(ConfigMap, { namespace: "paged" });
    const watched = take(client.watch(ConfigMap, { namespace: "paged", resourceVersion, labels: { app: name } }), 2);
    await admin.create(ConfigMap, { metadata: { name: "moved", namespace: "paged", labels: { app: name } } });
    await admin.patch(
      ConfigMap,
      { name: "moved", namespace: "paged" },
      { type: "merge", body: { metadata: { labels: { app: null } } } },
    );
    deepEqual(
      (await watched).map(({ type }) => type),
      ["ADDED", "DELETED"],
    );
    await admin.delete(ConfigMap, { name: "moved", namespace: "paged" });
  });

test("a watch of a forgotten revision begins, and says so in an event", async () => {
  const answer = await call(`${PATH}?watch=1&resourceVersion=1`);
  equal(answer.code, 200);
  const event = JSON.parse(answer.body) as { type: string; object: { code: number; reason: string } };
  deepEqual([event.type, event.object.code, event.object.reason], ["ERROR", 410, "Expired"]);
});

test("watches can be read as metadata and as tables", async () => {
  const lines = async (accept: string) =>
    (await call(`${PATH}?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3Dc1`, { headers: { accept } })).body
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { object: { kind: string; rows?: { cells: unknown[] }[]; data?: unknown } });
  const [partial] = await lines("application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io");
  deepEqual([partial?.object.kind, partial?.object.data], ["PartialObjectMetadata", undefined]);
  const [table] = await lines("application/json;as=Table;v=v1;g=meta.k8s.io");
  deepEqual([table?.object.kind, table?.object.rows?.[0]?.cells[0]], ["Table", "c1"]);
});

for (const protocol of [undefined, "base64.binary.k8s.io"])
  test(`watches over WebSocket, protocol ${protocol ?? "none"}`, async () => {
    const { ca, cert, key } = parseKubeconfig(cluster.server.kubeconfig());
    const url = `${cluster.server.url.replace("https", "wss")}${PATH}?watch=1&fieldSelector=metadata.name%3Dc2`;
    const socket = new WebSocket(url, protocol ? [protocol] : [], { ca, cert, key });
    const events: { type: string; object: { metadata: { name: string } } }[] = [];
    socket.on("message", (data: Buffer) => {
      const text = data.toString();
      events.push(JSON.parse(protocol ? Buffer.from(text, "base64").toString() : text) as never);
    });
    await eventually(async () => events.length === 1);
    const body = { data: { by: protocol ?? "none" } };
    await admin.patch(ConfigMap, { name: "c2", namespace: "paged" }, { type: "merge", body });
    await eventually(async () => events.length === 2);
    deepEqual(
      events.map(({ type, object }) => [type, object.metadata.name]),
      [
        ["ADDED", "c2"],
        ["MODIFIED", "c2"],
      ],
    );
    equal(socket.protocol, protocol ?? "");
    socket.close();
  });

test("an upgrade that is not understood is refused with a Status", async () => {
  const headers = { connection: "Upgrade", upgrade: "SPDY/9" };
  const answer = await call(`${PATH}?watch=1`, { headers });
  deepEqual([answer.code, (JSON.parse(answer.body) as { kind: string }).kind], [400, "Status"]);
});

test("large answers are compressed for those who accept it", async () => {
  const data = { text: "x".repeat(200_000) };
  await admin.create(ConfigMap, { metadata: { name: "large", namespace: "paged" }, data });
  const small = await call(`${PATH}/c1`, { headers: { "accept-encoding": "gzip" } });
  equal(small.headers["content-encoding"], undefined);
  const plain = await call(PATH);
  const packed = await call(PATH, { headers: { "accept-encoding": "deflate, gzip" } });
  equal(packed.headers["content-encoding"], "gzip");
  ok(packed.bytes.length < plain.bytes.length / 10);
  equal(gunzipSync(packed.bytes).toString(), plain.body);
  await admin.delete(ConfigMap, { name: "large", namespace: "paged" });
});

test("other methods are told which ones there are", async () => {
  const collection = await call(PATH, { method: "OPTIONS" });
  deepEqual([collection.code, collection.headers.allow], [405, "DELETE, GET, HEAD, POST"]);
  const one = await call(`${PATH}/c1`, { method: "POST" });
  deepEqual([one.code, one.headers.allow], [405, "DELETE, GET, HEAD, PATCH, PUT"]);
  const head = await call(`${PATH}/c1`, { method: "HEAD" });
  deepEqual([head.code, head.body], [200, ""]);
  ok(Number(head.headers["content-length"]) > 100);
});

test("answers in YAML, and only in forms that it has", async () => {
  match(
    (await call(`${PATH}/c1`, { headers: { accept: "application/yaml" } })).body,
    /^apiVersion: v1\nkind: ConfigMap\n/,
  );
  const table = { accept: "application/json;as=Table;v=v9;g=meta.k8s.io" };
  equal((await call(PATH, { headers: table })).code, 406);
});

test("tells strict writers about fields that are given twice", async () => {
  const twice = '{"metadata":{"name":"twice"},"data":{"a":"1","a":"2"}}';
  const json = { method: "POST", body: twice, headers: { "content-type": "application/json" } };
  match(
    (await call(`${PATH}?fieldValidation=Strict`, json)).body,
    /strict decoding error: duplicate field \\"data.a\\"/,
  );
  const warned = await call(`${PATH}?dryRun=All`, json);
  deepEqual([warned.code, String(warned.headers.warning)], [201, '299 - "duplicate field \\"data.a\\""']);
  equal((await call(`${PATH}?dryRun=All&fieldValidation=Ignore`, json)).headers.warning, undefined);
  const body = "metadata:\n  name: twice\ndata:\n  a: '1'\n  a: '2'\n";
  const yaml = { method: "POST", body, headers: { "content-type": "application/yaml" } };
  match((await call(`${PATH}?fieldValidation=Strict`, yaml)).body, /line 5: key \\"a\\" already set in map/);
});
