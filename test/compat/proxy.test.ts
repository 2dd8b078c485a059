// HTTP through the API server to pods and services.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { WebSocket, WebSocketServer } from "ws";
import { EndpointSlice, Service } from "#api/builtin/index.ts";
import { parseKubeconfig } from "#ports/kube/kubeconfig.ts";
import { callServer, type HttpCall } from "./http.ts";
import { type StreamsWorld, startStreamsWorld } from "./streams-world.ts";

const PAGE = '<a class="x" href="/rewriteme">a</a> <a href="relative">b</a> <a href=\'https://elsewhere.dev/c\'>c</a>';

let world: StreamsWorld;
let server: Server;
let base = "";

before(async () => {
  world = await startStreamsWorld();
  base = `/api/v1/namespaces/${world.namespace}`;
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method, url = "", headers } = request;
    if (url === "/page") response.setHeader("content-type", "text/html").end(PAGE);
    else if (url === "/zipped")
      response.writeHead(200, { "content-type": "text/html", "content-encoding": "gzip" }).end(gzipSync(PAGE));
    else if (url === "/moved") response.writeHead(302, { location: "/to?x=1" }).end();
    else
      response
        .writeHead(201, { "x-own": "yes" })
        .end(JSON.stringify({ method, url, headers, body: Buffer.concat(chunks).toString() }));
  });
  const sockets = new WebSocketServer({ server, path: "/socket" });
  sockets.on("connection", (client) => client.on("message", (data) => client.send(`echo ${data}`)));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  world.ports.set(8080, port);
  await world.client.create(Service, {
    metadata: { name: "s", namespace: world.namespace },
    spec: { ports: [{ name: "web", port: 80 }] },
  });
  await world.client.create(EndpointSlice, {
    metadata: { name: "s-1", namespace: world.namespace, labels: { "kubernetes.io/service-name": "s" } },
    addressType: "IPv4",
    endpoints: [{ addresses: ["127.0.0.1"], conditions: { ready: true } }],
    ports: [{ name: "web", port, protocol: "TCP" }],
  });
});
after(async () => {
  server.closeAllConnections();
  server.close();
  await world[Symbol.asyncDispose]();
});

const call = (path: string, options?: HttpCall) => callServer(world.cluster.server, base + path, options);

test("passes method, path, query and body on, to pods and services by every name", async () => {
  for (const name of [
    "pods/p",
    "pods/p:8080",
    "pods/http:p:8080",
    "services/s:80",
    "services/s:web",
    "services/http:s:web",
  ]) {
    const answer = await call(`/${name}/proxy/a%20b/?x=1&x=2`, { method: "POST", body: "posted" });
    assert.deepEqual([answer.code, answer.headers["x-own"]], [201, "yes"], answer.body);
    const { method, url, body } = JSON.parse(answer.body);
    assert.deepEqual([method, url, body], ["POST", "/a%20b/?x=1&x=2", "posted"]);
  }
});

test("keeps credentials to itself, and says where it was asked", async () => {
  const token = await world.cluster.server.issueToken({ name: "root", groups: ["system:masters"] }, 600);
  const headers = { authorization: `Bearer ${token}`, "x-kept": "1", accept: "image/png" };
  const answer = await call("/pods/p/proxy/x", { headers, as: "nobody" });
  const seen = JSON.parse(answer.body).headers;
  assert.deepEqual([seen.authorization, seen["x-kept"], seen.accept], [undefined, "1", "image/png"]);
  assert.equal(seen["x-forwarded-uri"], `${base}/pods/p/proxy/x`);
});

test("leads redirects and links back through itself", async () => {
  const prefix = `${base}/pods/p/proxy`;
  const root = await call("/pods/p/proxy?q=1");
  assert.deepEqual([root.code, root.headers.location], [301, `${prefix}/?q=1`]);
  const moved = await call("/pods/p/proxy/moved");
  assert.deepEqual([moved.code, moved.headers.location], [302, `${prefix}/to?x=1`]);
  const expected = PAGE.replace("/rewriteme", `${prefix}/rewriteme`);
  assert.equal((await call("/pods/p/proxy/page")).body, expected);
  const { gunzipSync } = await import("node:zlib");
  assert.equal(gunzipSync((await call("/pods/p/proxy/zipped")).bytes).toString(), expected);
});

test("refuses with a Status what cannot be reached", async () => {
  const cases: [string, number, RegExp][] = [
    ["pods/p:9", 503, /^error trying to reach service: dial tcp .*connection refused$/],
    ["pods/absent", 404, /^pods "absent" not found$/],
    ["pods/p:none", 400, /is not a port/],
    ["pods/a:b:c:d", 400, /invalid proxy target/],
    ["services/absent", 404, /^services "absent" not found$/],
    ["services/s:81", 503, /^no service port 81 found for service "s"$/],
    ["services/s:other", 503, /^no endpoints available for service "s"$/],
  ];
  for (const [name, code, message] of cases) {
    const answer = await call(`/${name}/proxy/`);
    assert.equal(answer.code, code, answer.body);
    assert.match(JSON.parse(answer.body).message, message);
  }
  const nobody = await call("/pods/p/proxy/", { as: "nobody" });
  assert.equal(nobody.code, 403);
  assert.match(JSON.parse(nobody.body).message, /cannot get resource "pods\/proxy"/);
});

test("passes upgrades on, and refusals of upgrades", async () => {
  const { ca, cert, key } = parseKubeconfig(world.cluster.server.kubeconfig());
  const open = (path: string): WebSocket =>
    new WebSocket(`${world.cluster.server.url.replace("https", "wss")}${base}${path}`, { ca, cert, key });
  const client = open("/services/s:web/proxy/socket");
  await once(client, "open");
  client.send("hello");
  const [message] = await once(client, "message");
  assert.equal(String(message), "echo hello");
  client.close();
  await once(client, "close");
  const refused = open("/pods/p/proxy/nosocket");
  const [, response] = await once(refused, "unexpected-response");
  assert.equal(response.statusCode, 400);
  const unreachable = open("/pods/p:9/proxy/socket");
  assert.equal((await once(unreachable, "unexpected-response"))[1].statusCode, 503);
});
