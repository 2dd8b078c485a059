import assert from "node:assert/strict";
import { createServer, type IncomingHttpHeaders } from "node:http2";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { ownSockets } from "#ports/sandbox/network/sockets/sockets.ts";
import { grpc } from "./grpc.ts";

type Call = { headers: IncomingHttpHeaders; body: Buffer };

/** A server that answers each check with the bytes of a message, or with a status alone. */
async function withServer(
  answer: { message?: number[]; status?: string },
  use: (port: number, calls: Call[]) => Promise<void>,
): Promise<void> {
  const calls: Call[] = [];
  const server = createServer();
  server.on("stream", (stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      calls.push({ headers, body: Buffer.concat(chunks) });
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": answer.status ?? "0" }));
      const message = Buffer.from(answer.message ?? []);
      stream.end(answer.message ? Buffer.from([0, 0, 0, 0, message.length, ...message]) : undefined);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await use((server.address() as AddressInfo).port, calls);
  } finally {
    server.close();
  }
}

const rows: [string, { message?: number[]; status?: string }, string | undefined][] = [
  ["serving", { message: [8, 1] }, undefined],
  ["not serving", { message: [8, 2] }, 'service unhealthy (responded with "NOT_SERVING")'],
  ["unknown", { message: [] }, 'service unhealthy (responded with "UNKNOWN")'],
  [
    "another protocol",
    { status: "12" },
    "error: this server does not implement the grpc health protocol (grpc.health.v1.Health)",
  ],
  ["a failure", { status: "5" }, "error: health rpc failed: status code 5"],
];
for (const [title, answer, expected] of rows)
  test(`a gRPC probe: ${title}`, () =>
    withServer(answer, async (port) =>
      assert.equal(await grpc(ownSockets, { ip: "127.0.0.1", port }, { service: "", timeoutMs: 5_000 }), expected),
    ));

test("a gRPC probe names the service that it asks for", () =>
  withServer({ message: [8, 1] }, async (port, calls) => {
    await grpc(ownSockets, { ip: "127.0.0.1", port }, { service: "db", timeoutMs: 5_000 });
    assert.equal(calls[0]?.headers[":path"], "/grpc.health.v1.Health/Check");
    assert.deepEqual([...(calls[0]?.body ?? [])], [0, 0, 0, 0, 4, 0x0a, 2, 0x64, 0x62]);
  }));

test("a gRPC probe of nobody fails", async () =>
  assert.match(
    (await grpc(ownSockets, { ip: "127.0.0.1", port: 1 }, { service: "", timeoutMs: 5_000 })) ?? "",
    /^error: health rpc failed: /,
  ));
