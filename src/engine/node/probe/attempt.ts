/** One probe attempt: HTTP, TCP, gRPC or a program in the container. */
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import type { Container, HTTPGetAction, Probe } from "#api/builtin/types.gen.ts";
import type { ExecOptions, ExecResult } from "#ports/sandbox/runtime.ts";
import { grpc } from "./grpc.ts";

/** Undefined for success, else what went wrong. */
export type Verdict = string | undefined;

export type ProbeTarget = {
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
  if (tcpSocket) return await tcp(tcpSocket.host || target.ip, portOf(tcpSocket.port, target), timeoutMs);
  const { grpc: call } = probe;
  if (call) return await grpc({ host: target.ip, port: target.port(call.port) }, call.service ?? "", timeoutMs);
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

function tcp(host: string, port: number, timeoutMs: number): Promise<Verdict> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (verdict: Verdict): void => {
      socket.destroy();
      resolve(verdict);
    };
    socket.setTimeout(timeoutMs, () => end(`dial tcp ${host}:${port}: i/o timeout`));
    socket.on("connect", () => end(undefined));
    socket.on("error", (error) => end(`dial tcp ${host}:${port}: ${error.message}`));
  });
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
  const options = { host, port, path, headers, agent: false, rejectUnauthorized: false };
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
    request.setTimeout(timeoutMs, () => request.destroy(new Error("context deadline exceeded")));
    request.on("error", (error) =>
      resolve(`Get "${secure ? "https" : "http"}://${host}:${port}${path}": ${error.message}`),
    );
    request.end();
  });
}
