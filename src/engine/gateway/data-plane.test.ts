/** The data plane against real HTTP servers on free ports. */
import assert from "node:assert/strict";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, beforeEach, describe, it } from "node:test";
import { DataPlane, type RevisionStats } from "./data-plane.ts";
import { startGateway } from "./gateway.ts";
import type { Endpoint, RouteTable } from "./table.ts";

type Answer = { status: number; body: string; headers: IncomingMessage["headers"] };
type Handler = (incoming: IncomingMessage, outgoing: ServerResponse) => void;

const HOST = "app.example";
let servers: Server[] = [];

async function serve(handler: Handler): Promise<Endpoint & { server: Server }> {
  const server = createServer(handler);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { host: "127.0.0.1", port: (server.address() as AddressInfo).port, server };
}

const say =
  (text: string): Handler =>
  (_, outgoing) =>
    void outgoing.end(text);

/** A port at which nobody listens. */
async function deadPort(): Promise<number> {
  const { server, port } = await serve(say(""));
  await new Promise((resolve) => server.close(resolve));
  return port;
}

type Ask = { host?: string; path?: string; method?: string; body?: string | Buffer; headers?: Record<string, string> };

function ask(port: number, { host = HOST, path = "/", method = "GET", body, headers = {} }: Ask = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ port, path, method, headers: { host, ...headers }, agent: false }, (incoming) => {
      let text = "";
      incoming.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      incoming.on("end", () => resolve({ status: incoming.statusCode ?? 0, body: text, headers: incoming.headers }));
      incoming.on("error", reject);
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

function tableOf(
  revisions: Record<string, { endpoints: Endpoint[]; timeoutSeconds?: number; containerConcurrency?: number }>,
  percents: Record<string, number> = {},
): RouteTable {
  const names = Object.keys(revisions);
  return {
    hosts: { [HOST]: [{ splits: names.map((revision) => ({ revision, percent: percents[revision] ?? 100 })) }] },
    revisions: Object.fromEntries(
      Object.entries(revisions).map(([name, { endpoints, timeoutSeconds = 10, containerConcurrency = 0 }]) => [
        name,
        { endpoints: endpoints.map(({ host, port }) => ({ host, port })), timeoutSeconds, containerConcurrency },
      ]),
    ),
  };
}

afterEach(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  servers = [];
});

describe("DataPlane", () => {
  let plane: DataPlane;
  let port = 0;
  let demands: string[] = [];
  let onDemand: (revision: string) => void = () => undefined;
  let random = 0;

  beforeEach(async () => {
    demands = [];
    onDemand = () => undefined;
    plane = new DataPlane({
      onDemand: (revision) => {
        demands.push(revision);
        onDemand(revision);
      },
      onStats: () => undefined,
      random: () => random,
      now: () => performance.now(),
    });
    port = await plane.listen("127.0.0.1", 0);
  });
  afterEach(() => plane.close());

  it("answers 404 in words for a host that nobody routes", async () => {
    const answer = await ask(port, { host: "nobody.example:7480" });
    assert.equal(answer.status, 404);
    assert.match(answer.body, /no application is routed at nobody\.example:7480/);
  });

  it("passes method, path, body, status and headers through, and says where the request came from", async () => {
    let seen: IncomingMessage | undefined;
    const app = await serve((incoming, outgoing) => {
      seen = incoming;
      incoming.setEncoding("utf8").on("data", (text: string) => {
        outgoing.writeHead(201, "Made", { "X-Answer": text, "Set-Cookie": ["a=1", "b=2"] });
        outgoing.end("done");
      });
    });
    plane.update(tableOf({ "ns/r1": { endpoints: [app] } }));
    const headers = { "x-forwarded-for": "10.0.0.9", "k-network-probe": "queue", "x-own": "1" };
    const answer = await ask(port, { method: "POST", path: "/a?b=c", body: "hello", headers });
    assert.deepEqual([answer.status, answer.body, answer.headers["x-answer"]], [201, "done", "hello"]);
    assert.deepEqual(answer.headers["set-cookie"], ["a=1", "b=2"]);
    assert.deepEqual([seen?.method, seen?.url, seen?.headers.host], ["POST", "/a?b=c", HOST]);
    assert.equal(seen?.headers["x-forwarded-for"], "10.0.0.9, 127.0.0.1");
    assert.equal(seen?.headers["x-forwarded-proto"], "http");
    assert.equal(seen?.headers.forwarded, `for=127.0.0.1;host=${HOST};proto=http`);
    assert.equal(seen?.headers["x-own"], "1");
    assert.equal(seen?.headers["k-network-probe"], undefined);
  });

  it("splits by percent", async () => {
    const [one, two] = [await serve(say("one")), await serve(say("two"))];
    plane.update(
      tableOf({ "ns/r1": { endpoints: [one] }, "ns/r2": { endpoints: [two] } }, { "ns/r1": 90, "ns/r2": 10 }),
    );
    const answers: string[] = [];
    for (const roll of [0, 0.89, 0.9, 0.99]) {
      random = roll;
      answers.push((await ask(port)).body);
    }
    assert.deepEqual(answers, ["one", "one", "two", "two"]);
  });

  it("holds requests for a revision without endpoints, asks for some once, and lets the requests go on", async () => {
    const app = await serve(say("awake"));
    plane.update(tableOf({ "ns/r1": { endpoints: [] } }));
    const demanded = new Promise<void>((resolve) => {
      onDemand = () => resolve();
    });
    const answers = [ask(port), ask(port, { method: "POST", body: "x".repeat(200_000) }), ask(port)];
    await demanded;
    plane.update(tableOf({ "ns/r1": { endpoints: [app] } }));
    assert.deepEqual(
      (await Promise.all(answers)).map(({ body }) => body),
      ["awake", "awake", "awake"],
    );
    assert.deepEqual(demands, ["ns/r1"]);
  });

  it("gives up at the revision's timeout", async () => {
    const silent = await serve(() => undefined);
    plane.update(tableOf({ "ns/r1": { endpoints: [silent], timeoutSeconds: 0.05 } }));
    const answer = await ask(port);
    assert.deepEqual([answer.status, answer.body], [504, "request timeout\n"]);
    plane.update(tableOf({ "ns/r1": { endpoints: [], timeoutSeconds: 0.05 } }));
    assert.equal((await ask(port)).status, 504);
  });

  it("goes to another endpoint when one refuses, and waits for the only one to come back", async () => {
    const app = await serve(say("alive"));
    const dead = { host: "127.0.0.1", port: await deadPort() };
    plane.update(tableOf({ "ns/r1": { endpoints: [dead, app] } }));
    const bodies = await Promise.all(Array.from({ length: 6 }, () => ask(port, { method: "POST", body: "payload" })));
    assert.ok(bodies.every(({ body }) => body === "alive"));
    plane.update(tableOf({ "ns/r1": { endpoints: [dead] } }));
    const waiting = ask(port);
    const late = createServer(say("back"));
    servers.push(late);
    await new Promise<void>((resolve) => late.listen(dead.port, "127.0.0.1", resolve));
    assert.equal((await waiting).body, "back");
  });

  it("sends a small body again when the endpoint is cut off, but does not offer a deadly request for ever", async () => {
    let calls = 0;
    const cutting = await serve((incoming) => {
      calls++;
      incoming.on("data", () => incoming.socket.destroy());
    });
    const app = await serve((incoming, outgoing) => void incoming.pipe(outgoing));
    plane.update(tableOf({ "ns/r1": { endpoints: [cutting, app] } }));
    const answers = await Promise.all([1, 2].map((n) => ask(port, { method: "POST", body: `body ${n}` })));
    assert.deepEqual(
      answers.map(({ body }) => body),
      ["body 1", "body 2"],
    );
    plane.update(tableOf({ "ns/r1": { endpoints: [cutting] } }));
    calls = 0;
    const refused = await ask(port, { method: "POST", body: "deadly" });
    assert.deepEqual([refused.status, calls], [502, 3]);
  });

  it("gives an endpoint no more requests at a time than it takes", async () => {
    let [now, most] = [0, 0];
    const app = await serve((_, outgoing) => {
      most = Math.max(most, ++now);
      setTimeout(() => {
        now--;
        outgoing.end("ok");
      }, 2);
    });
    plane.update(tableOf({ "ns/r1": { endpoints: [app], containerConcurrency: 2 } }));
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(port)));
    assert.ok(answers.every(({ status }) => status === 200));
    assert.equal(most, 2);
  });

  it("streams an answer as it is made", async () => {
    let end: () => void = () => undefined;
    const app = await serve((_, outgoing) => {
      outgoing.writeHead(200, { "content-type": "text/event-stream" });
      outgoing.flushHeaders();
      end = () => outgoing.end("data: 1\n\n");
    });
    plane.update(tableOf({ "ns/r1": { endpoints: [app] } }));
    const text = await new Promise<string>((resolve, reject) => {
      request({ port, headers: { host: HOST }, agent: false }, (incoming) => {
        // The headers are here although the body has not begun.
        end();
        let body = "";
        incoming.on("data", (chunk: Buffer) => {
          body += chunk.toString();
        });
        incoming.on("end", () => resolve(body));
      })
        .on("error", reject)
        .end();
    });
    assert.equal(text, "data: 1\n\n");
  });

  it("tunnels upgraded connections both ways", async () => {
    const app = await serve(say("not upgraded"));
    app.server.on("upgrade", (_incoming, socket, head: Buffer) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
      socket.write(head);
      socket.pipe(socket);
    });
    plane.update(tableOf({ "ns/r1": { endpoints: [app] } }));
    const text = await new Promise<string>((resolve, reject) => {
      const socket = connect(port, "127.0.0.1", () =>
        socket.write(`GET /ws HTTP/1.1\r\nHost: ${HOST}\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nping `),
      );
      let got = "";
      socket.on("data", (chunk) => {
        got += chunk.toString();
        if (got.endsWith("ping ")) socket.write("pong");
        if (got.endsWith("pong")) socket.destroy();
      });
      socket.on("close", () => resolve(got));
      socket.on("error", reject);
    });
    assert.match(text, /^HTTP\/1\.1 101 Switching Protocols\r\n[\s\S]*\r\n\r\nping pong$/);
  });

  it("routes tags by header, prefixes by path, and rewritten hosts as the other host", async () => {
    const [main, canary] = [await serve((i, o) => void o.end(`main ${i.headers.host}`)), await serve(say("canary"))];
    plane.update({
      hosts: {
        [HOST]: [
          { headers: { "knative-serving-tag": "canary" }, splits: [{ revision: "ns/canary", percent: 100 }] },
          { splits: [{ revision: "ns/main", percent: 100 }] },
        ],
        "custom.example": [{ rewriteHost: HOST, splits: [] }],
      },
      revisions: tableOf({ "ns/main": { endpoints: [main] }, "ns/canary": { endpoints: [canary] } }).revisions,
    });
    assert.equal((await ask(port)).body, `main ${HOST}`);
    assert.equal((await ask(port, { headers: { "Knative-Serving-Tag": "canary" } })).body, "canary");
    assert.equal((await ask(port, { host: "custom.example" })).body, `main ${HOST}`);
  });

  it("deactivates only what is idle, and queues what comes after", async () => {
    let finish: () => void = () => undefined;
    const arrived = Promise.withResolvers<void>();
    const app = await serve((_, outgoing) => {
      finish = () => outgoing.end("slow");
      arrived.resolve();
    });
    plane.update(tableOf({ "ns/r1": { endpoints: [app] } }));
    const slow = ask(port);
    await arrived.promise;
    assert.equal(plane.deactivate("ns/r1"), false);
    finish();
    assert.equal((await slow).body, "slow");
    const other = await serve(say("fresh"));
    while (!plane.deactivate("ns/r1")) await new Promise((resolve) => setImmediate(resolve));
    const demanded = new Promise<void>((resolve) => {
      onDemand = () => resolve();
    });
    const queued = ask(port);
    await demanded;
    plane.update(tableOf({ "ns/r1": { endpoints: [other] } }));
    assert.equal((await queued).body, "fresh");
  });

  it("loses no request while endpoints are swapped and killed under load", async () => {
    let current = await serve(say("0"));
    plane.update(tableOf({ "ns/r1": { endpoints: [current] } }));
    let done = false;
    const failures: string[] = [];
    let count = 0;
    const client = async (): Promise<void> => {
      while (!done) {
        const answer = await ask(port, { method: "POST", body: "x" }).catch((error: Error) => ({
          status: 0,
          body: error.message,
        }));
        count++;
        if (answer.status !== 200) failures.push(`${answer.status} ${answer.body}`);
      }
    };
    const clients = Array.from({ length: 8 }, client);
    for (let swap = 1; swap <= 10; swap++) {
      const next = await serve(say(String(swap)));
      const before = count;
      while (count < before + 20) await new Promise((resolve) => setImmediate(resolve));
      // The old one dies at once, with connections open; the table follows only then.
      current.server.close();
      current.server.closeAllConnections();
      await new Promise((resolve) => setImmediate(resolve));
      plane.update(tableOf({ "ns/r1": { endpoints: [next] } }));
      current = next;
    }
    done = true;
    await Promise.all(clients);
    assert.deepEqual(failures, []);
    assert.ok(count >= 200);
  });
});

describe("startGateway", () => {
  it("routes in its own thread, reports demand and load, and says when a port is taken", async () => {
    const stats: RevisionStats[] = [];
    const reported = Promise.withResolvers<void>();
    const demanded = Promise.withResolvers<string>();
    const gateway = await startGateway({
      port: 0,
      onDemand: demanded.resolve,
      onStats: (entries) => {
        stats.push(...entries);
        reported.resolve();
      },
    });
    const app = await serve(say("hello"));
    await gateway.update(tableOf({ "ns/r1": { endpoints: [] } }));
    const first = ask(gateway.port);
    assert.equal(await demanded.promise, "ns/r1");
    await gateway.update(tableOf({ "ns/r1": { endpoints: [app] } }));
    assert.equal((await first).body, "hello");
    await reported.promise;
    assert.deepEqual([stats[0]?.revision, stats[0]?.requests], ["ns/r1", 1]);
    assert.ok((stats[0]?.concurrency ?? 0) > 0 && (stats[0]?.concurrency ?? 2) <= 1);
    assert.equal(await gateway.deactivate("ns/r1"), true);
    await assert.rejects(
      startGateway({ port: gateway.port, onDemand: () => undefined, onStats: () => undefined }),
      /cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE/,
    );
    await gateway.close();
    await assert.rejects(gateway.update(tableOf({})), /closed/);
  });
});
