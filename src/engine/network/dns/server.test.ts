/** The DNS server over real sockets: truncation, EDNS, aliases, forwarding, and what is no query. */
import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import { ownSockets } from "#ports/sandbox/network/sockets/sockets.ts";
import { entryOf } from "../testkit.ts";
import { decodeMessage } from "./decode.ts";
import { encodeMessage } from "./encode.ts";
import { Forwarder, parseUpstreams } from "./forwarder.ts";
import { readFrames, writeFrame } from "./frames.ts";
import { type Message, nameOf, RCODE, TYPE } from "./message.ts";
import { Responder } from "./responder.ts";
import { type DnsServer, startDnsServer } from "./server.ts";
import { Zone } from "./zone.ts";

const HOST = "127.0.0.1";
const headless = { clusterIP: "None", ports: [{ port: 80, targetPort: 80 }] };
const many = Array.from({ length: 60 }, (_, index) => ({ ip: `10.88.1.${index}` }));
const external = (externalName: string) => ({ type: "ExternalName", externalName });
const entries = [
  entryOf("many", headless, many),
  entryOf("few", headless, many.slice(0, 1)),
  entryOf("inside", external("few.default.svc.cluster.local")),
  entryOf("outside", external("www.example.com")),
  entryOf("loop", external("loop.default.svc.cluster.local")),
  entryOf("broken", external(`${"x".repeat(70)}.example.com`)),
];
const zone = new Zone({
  domain: "cluster.local",
  serverAddress: "10.96.0.10",
  ranges: [],
  service: (_, name) => entries.find(({ service }) => service.metadata.name === name),
  servicesAt: () => [],
  hasNamespace: () => true,
});

describe("the DNS server", () => {
  let server: DnsServer;
  let upstream: Socket;
  const errors: unknown[] = [];
  const isClient = (address: string) => address === HOST;

  before(async () => {
    upstream = await startUpstream();
    const silent = { host: HOST, port: 9 };
    const upstreams = [silent, { host: HOST, port: upstream.address().port }];
    const forwarder = new Forwarder({ upstreams, timeoutMs: 300, limit: 16 });
    const responder = new Responder({ zone, forwarder });
    const onError = (error: unknown) => errors.push(error);
    server = await startDnsServer({ responder, sockets: ownSockets, host: HOST, port: 0, isClient, onError });
  });
  after(async () => {
    await server.close();
    upstream.close();
    assert.deepEqual(errors, []);
  });

  const udp = (message: Partial<Message> | Uint8Array) => askUdp(server.ports.udp, message);
  const question = (name: string, type: number = TYPE.A) => ({ questions: [{ name: nameOf(name), type, class: 1 }] });
  const service = (name: string) => question(`${name}.default.svc.cluster.local`);

  it("answers as an authority, with the question", async () => {
    const answer = await udp({ id: 4711, recursionDesired: true, ...service("few") });
    assert.deepEqual(
      [answer.id, answer.isResponse, answer.authoritative, answer.recursionDesired, answer.recursionAvailable],
      [4711, true, true, true, true],
    );
    assert.deepEqual(answer.questions, service("few").questions);
    assert.deepEqual(answer.answers[0]?.data, { type: "A", address: "10.88.1.0" });
  });

  it("truncates what does not fit, and gives all of it to who asks better", async () => {
    const short = await udp(service("many"));
    assert.deepEqual([short.truncated, short.answers.length], [true, 0]);
    const large = await udp({ ...service("many"), edns: { udpSize: 4096, version: 0 } });
    assert.deepEqual([large.truncated, large.answers.length, large.edns?.udpSize], [false, 60, 1232]);
    const tcp = await askTcp(server.ports.tcp, [service("many"), service("few")]);
    assert.deepEqual(
      tcp.map(({ answers }) => answers.length),
      [60, 1],
    );
  });

  it("follows aliases, inside and outside, and not in circles", async () => {
    const inside = await udp(service("inside"));
    assert.deepEqual(
      inside.answers.map(({ data }) => data.type),
      ["CNAME", "A"],
    );
    const outside = await udp(service("outside"));
    assert.deepEqual(
      outside.answers.map(({ data }) => data.type),
      ["CNAME", "A"],
    );
    assert.ok((await udp(service("loop"))).answers.length < 20);
    assert.deepEqual((await udp(service("broken"))).answers, []);
  });

  it("passes other questions on to the first resolver that answers, and says when none does", async () => {
    const answer = await udp({ id: 99, ...question("www.example.com") });
    assert.deepEqual([answer.id, answer.answers[0]?.data], [99, { type: "A", address: "198.51.100.7" }]);
    const none = await udp({ id: 98, ...question("silent.example.com") });
    assert.deepEqual([none.id, none.rcode], [98, RCODE.serverFailure]);
  });

  for (const [what, message, rcode] of [
    ["no question", {}, RCODE.formatError],
    ["two questions", { questions: [...service("few").questions, ...service("few").questions] }, RCODE.formatError],
    ["another operation", { ...service("few"), opcode: 5 }, RCODE.notImplemented],
    ["another class", { questions: [{ name: ["x"], type: 1, class: 3 }] }, RCODE.refused],
    ["a newer EDNS", { ...service("few"), edns: { udpSize: 512, version: 1 } }, RCODE.badVersion],
    ["half a question", Uint8Array.from([0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 119]), RCODE.formatError],
  ] as const)
    it(`refuses ${what}`, async () => assert.equal((await udp(message)).rcode, rcode));

  it("does not answer answers or noise, and goes on", async () => {
    const noise = createSocket("udp4");
    for (const bytes of [Uint8Array.of(), Uint8Array.of(1, 2, 3), new Uint8Array(600).fill(255)])
      await new Promise((resolve) => noise.send(bytes, server.ports.udp, HOST, resolve));
    noise.close();
    const stranger = createSocket("udp4");
    await new Promise<void>((resolve) => stranger.bind(0, "127.0.0.2", resolve));
    stranger.on("message", () => errors.push(new Error("a stranger got an answer")));
    await new Promise((resolve) =>
      stranger.send(encodeMessage({ ...QUERY, ...service("few") }), server.ports.udp, HOST, resolve),
    );
    const socket = connect(server.ports.tcp, HOST);
    socket.end(Uint8Array.from([255, 255, 1]));
    socket.resume();
    await once(socket, "close");
    assert.equal((await udp(service("few"))).rcode, RCODE.ok);
    stranger.close();
  });
});

/** Knows www.example.com, answers with wrong numbers first, and keeps silent about names that begin with "silent". */
async function startUpstream(): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.on("message", (bytes, { port, address }) => {
    const query = decodeMessage(bytes);
    const [asked] = query.questions;
    if (!asked || asked.name[0] === "silent") return;
    const answers = [{ name: asked.name, ttl: 60, data: { type: "A", address: "198.51.100.7" } as const }];
    for (const id of [query.id ^ 1, query.id])
      socket.send(encodeMessage({ ...query, id, isResponse: true, answers }), port, address);
  });
  socket.bind(0, HOST);
  await once(socket, "listening");
  return socket;
}

const PLAIN = { id: 1, isResponse: false, opcode: 0, authoritative: false, truncated: false, rcode: 0 };
const QUERY: Message = {
  ...PLAIN,
  recursionDesired: false,
  recursionAvailable: false,
  questions: [],
  answers: [],
  authorities: [],
  additionals: [],
};

async function askUdp(port: number, message: Partial<Message> | Uint8Array): Promise<Message> {
  const signal = AbortSignal.timeout(5_000);
  const socket = createSocket({ type: "udp4", signal });
  socket.send(message instanceof Uint8Array ? message : encodeMessage({ ...QUERY, ...message }), port, HOST);
  const [answer] = (await once(socket, "message", { signal })) as [Buffer];
  socket.close();
  return decodeMessage(answer);
}

async function askTcp(port: number, messages: readonly Partial<Message>[]): Promise<Message[]> {
  const socket = connect({ port, host: HOST, signal: AbortSignal.timeout(5_000) });
  for (const message of messages) writeFrame(socket, encodeMessage({ ...QUERY, ...message }));
  const answers: Message[] = [];
  for await (const frame of readFrames(socket)) if (answers.push(decodeMessage(frame)) === messages.length) break;
  return answers;
}

describe("parseUpstreams", () => {
  it("reads nameservers, and not ourselves", () =>
    assert.deepEqual(
      parseUpstreams("# x\nsearch a\nnameserver 192.0.2.53\n nameserver 10.96.0.10\nnameserver ::1\n", "10.96.0.10"),
      [
        { host: "192.0.2.53", port: 53 },
        { host: "::1", port: 53 },
      ],
    ));
});
