/** One probe attempt: HTTP, TCP, gRPC or a program in the container. */
import { request as httpRequest, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import type { Container, HTTPGetAction, Probe } from "#api/builtin/types.gen.ts";
import type { Place, Sockets } from "#ports/sandbox/network/sockets/sockets.ts";
import type { ExecOptions, ExecResult } from "#ports/sandbox/runtime.ts";
import { grpc } from "./grpc.ts";

/** Undefined for success, else what went wrong. */
export type Verdict = string | undefined;

export type ProbeTarget = {
  /** Sockets that reach the pod. */
  sockets: Sockets;
  ip: string;
  /** The port at `ip` for a container port. */
  port(containerPort: number): number;
  container: Container;
  exec?: ((args: readonly string[], options: ExecOptions) => Promise<ExecResult>) | undefined;
};

const BODY_LIMIT = 10 * 1024;
const USER_AGENT = "kube-probe/1.34";

/** Tries once; never rejects. */
export async function attempt(probe: Probe, target: ProbeTarget): Promise<Verdict> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  const { httpGet, tcpSocket, exec } = probe;
  if (httpGet) return await http(httpGet, target, timeoutMs);
  if (tcpSocket) {
    const place = { ip: tcpSocket.host || target.ip, port: portOf(tcpSocket.port, target) };
    return await tcp(target.sockets, place, timeoutMs);
  }
  const { grpc: call } = probe;
  if (call) {
    const place = { ip: target.ip, port: target.port(call.port) };
    return await grpc(target.sockets, place, { service: call.service ?? "", timeoutMs });
  }
  if (!exec) return "the probe says nothing that could be tried: use httpGet, tcpSocket, grpc or exec";
  if (!target.exec) return "exec probes are not supported by this sandbox: use httpGet or tcpSocket";
  const result = await target.exec(exec.command ?? [], { timeoutMs }).catch((error: Error) => error);
  if (result instanceof Error) return result.message;
  if (result.timedOut) return `command timed out after ${timeoutMs / 1000}s`;
  return result.code === 0 ? undefined : result.output.trim() || `command terminated with exit code ${result.code}`;
}

/** The port to connect to, for a number or the name of one of the container's ports. */
function portOf(port: number | string, target: ProbeTarget): number {
  const named = target.container.ports?.find(({ name }) => name === port)?.containerPort;
  return target.port(named ?? Number(port));
}

async function tcp(sockets: Sockets, place: Place, timeoutMs: number): Promise<Verdict> {
  const connecting = sockets.connect(place).then((socket) => {
    socket.destroy();
    return undefined;
  });
  const late = Promise.withResolvers<string>();
  const timer = setTimeout(() => late.resolve("i/o timeout"), timeoutMs);
  const why = await Promise.race([connecting.catch((error: Error) => error.message), late.promise]);
  clearTimeout(timer);
  return why && `dial tcp ${place.ip}:${place.port}: ${why}`;
}

/** A GET request; any answer from 200 to 399 is a success. */
export function http(action: HTTPGetAction, target: ProbeTarget, timeoutMs: number): Promise<Verdict> {
  const secure = action.scheme === "HTTPS";
  const given = (action.httpHeaders ?? []).map(({ name, value }) => [name.toLowerCase(), value]);
  const all = [["user-agent", USER_AGENT], ["accept", "*/*"], ...given] as [string, string][];
  // A header that is given without a value is left out.
  const headers = Object.fromEntries([...new Map(all)].filter(([, value]) => value !== ""));
  const host = action.host || target.ip;
  const port = portOf(action.port, target);
  const path = action.path?.startsWith("/") ? action.path : `/${action.path ?? ""}`;
  const connect = async (): Promise<Duplex> => {
    const socket = await target.sockets.connect({ ip: host, port });
    socket.allowHalfOpen = false;
    return secure ? connectTls({ socket, rejectUnauthorized: false }) : socket;
  };
  const options = { host, port, path, headers, createConnection: through(connect) };
  return new Promise((resolve) => {
    const request = (secure ? httpsRequest : httpRequest)(options, (answer) => {
      const code = answer.statusCode ?? 0;
      let size = 0;
      answer.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size > BODY_LIMIT) answer.destroy();
      });
      answer.on("error", () => undefined);
      resolve(code >= 200 && code < 400 ? undefined : `HTTP probe failed with statuscode: ${code}`);
    });
    const late = (): unknown => request.destroy(new Error("context deadline exceeded"));
    const timer = setTimeout(late, timeoutMs);
    request.on("close", () => clearTimeout(timer));
    request.on("error", (error) =>
      resolve(`Get "${secure ? "https" : "http"}://${host}:${port}${path}": ${error.message}`),
    );
    request.end();
  });
}

/** In the form in which a request asks for its connection. */
function through(connect: () => Promise<Duplex>): NonNullable<RequestOptions["createConnection"]> {
  return (_, done) => {
    connect().then((socket) => done(null, socket), done as (error: Error) => void);
    return undefined;
  };
}
