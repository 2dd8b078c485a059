/** One gRPC health check: `grpc.health.v1.Health/Check` over HTTP/2 without encryption. */
import { connect } from "node:http2";
import type { Socket } from "node:net";
import type { Place, Sockets } from "#ports/sandbox/network/sockets/sockets.ts";

const PATH = "/grpc.health.v1.Health/Check";
const FRAME_HEADER = 5;
const LENGTH_DELIMITED = 0x0a;
const STATUS_FIELD = 0x08;
const STATUSES = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];
const SERVING = 1;
const UNIMPLEMENTED = "12";
const RESPONSE_LIMIT = 4096;

/** Undefined when the service says that it is serving; never rejects. */
export async function grpc(
  sockets: Sockets,
  place: Place,
  { service, timeoutMs }: { service: string; timeoutMs: number },
): Promise<string | undefined> {
  const where = `${place.ip}:${place.port}`;
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), timeoutMs);
  const connecting = sockets.connect(place);
  try {
    const socket = await Promise.race([connecting, late.promise]);
    const verdict = socket && (await Promise.race([check(socket, where, service), late.promise]));
    const failed = `timeout: failed to connect service "${where}" within ${timeoutMs / 1000}s: context deadline exceeded`;
    return verdict ? verdict.problem : failed;
  } catch (error) {
    return `error: health rpc failed: ${(error as Error).message}`;
  } finally {
    clearTimeout(timer);
    connecting.then((socket) => socket.destroy()).catch(() => undefined);
  }
}

/** `problem` is undefined when it is serving. */
function check(socket: Socket, where: string, service: string): Promise<{ problem: string | undefined }> {
  return new Promise((resolve) => {
    const session = connect(`http://${where}`, { createConnection: () => socket });
    const end = (problem: string | undefined): void => {
      session.destroy();
      resolve({ problem });
    };
    session.on("error", (error) => end(`error: health rpc failed: ${error.message}`));
    const stream = session.request({
      ":method": "POST",
      ":path": PATH,
      "content-type": "application/grpc",
      te: "trailers",
    });
    const chunks: Buffer[] = [];
    let [size, code] = [0, ""];
    const note = (headers: Record<string, unknown>): void => {
      if (headers["grpc-status"] !== undefined) code = String(headers["grpc-status"]);
    };
    stream.on("response", note);
    stream.on("trailers", note);
    stream.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= RESPONSE_LIMIT) chunks.push(chunk);
    });
    stream.on("error", (error) => end(`error: health rpc failed: ${error.message}`));
    stream.on("end", () => end(verdictOf(code, Buffer.concat(chunks))));
    stream.end(request(service));
  });
}

/** A message with the service's name as its first field. */
function request(service: string): Buffer {
  const name = Buffer.from(service);
  const message =
    name.length > 0 ? Buffer.concat([Buffer.from([LENGTH_DELIMITED, ...varint(name.length)]), name]) : name;
  const header = Buffer.alloc(FRAME_HEADER);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

function verdictOf(code: string, body: Buffer): string | undefined {
  if (code === UNIMPLEMENTED)
    return "error: this server does not implement the grpc health protocol (grpc.health.v1.Health)";
  if (code !== "" && code !== "0") return `error: health rpc failed: status code ${code}`;
  const message = body.subarray(FRAME_HEADER);
  const status = message[0] === STATUS_FIELD ? (message[1] ?? 0) : 0;
  return status === SERVING ? undefined : `service unhealthy (responded with "${STATUSES[status] ?? status}")`;
}
