/** One HTTPS call of a convention webhook, with a time limit and limits on what is read. */
import { request } from "node:https";
import { isIP } from "node:net";
import { ConventionFailure, type ConventionResult } from "../convention.ts";
import { parseAnswer } from "./protocol.ts";

/** Where a webhook is and whom to trust. */
export type Endpoint = {
  host: string;
  port: number;
  path: string;
  /** The name in the server's certificate and in the Host header; differs from `host` for services. */
  serverName: string;
  /** PEM certificates; undefined for the system's authorities. */
  authority: string | undefined;
};

export type CallOptions = { timeoutMs: number; signal: AbortSignal };

const SMALLEST_LIMIT = 8 * 1024 * 1024;
const EXCERPT = 300;

type Answer = { status: number; text: string };

/** Posts the context and reads the answer. Throws ConventionFailure, to be retried when the webhook may answer another time. */
export async function callWebhook(endpoint: Endpoint, body: unknown, options: CallOptions): Promise<ConventionResult> {
  const { status, text } = await post(endpoint, JSON.stringify(body), options).catch((error: Error) => {
    options.signal.throwIfAborted();
    throw failed(`cannot call the webhook ${shown(endpoint)}: ${error.message}`, error);
  });
  if (status < 200 || status > 299)
    throw failed(`the webhook ${shown(endpoint)} answered ${status}: ${text.trim().slice(0, EXCERPT)}`);
  try {
    return parseAnswer(text);
  } catch (error) {
    throw failed((error as Error).message, error);
  }
}

function failed(message: string, cause?: unknown): ConventionFailure {
  return new ConventionFailure("ConventionsApplied", message, { cause, retry: true });
}

function shown({ serverName, port, path }: Endpoint): string {
  return `https://${serverName}:${port}${path}`;
}

function post(endpoint: Endpoint, body: string, { timeoutMs, signal }: CallOptions): Promise<Answer> {
  const { host, port, path, serverName, authority } = endpoint;
  const length = Buffer.byteLength(body);
  const timeout = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void =>
      reject(timeout.aborted ? new Error(`no answer within ${timeoutMs / 1000} s`, { cause: error }) : error);
    const call = request(
      {
        method: "POST",
        host,
        port,
        path,
        ...(isIP(serverName) === 0 && { servername: serverName }),
        ...(authority !== undefined && { ca: authority }),
        minVersion: "TLSv1.2",
        agent: false,
        signal: AbortSignal.any([signal, timeout]),
        headers: {
          "content-type": "application/json",
          accept: "application/json",
          "content-length": length,
          host: port === 443 ? serverName : `${serverName}:${port}`,
          "user-agent": "slipway-conventions",
        },
      },
      (answer) => {
        // A webhook echoes what it was sent, so an answer may be as large as the request and more.
        readLimited(answer, Math.max(SMALLEST_LIMIT, 2 * length)).then(
          (text) => resolve({ status: answer.statusCode ?? 0, text }),
          fail,
        );
      },
    );
    call.on("error", fail);
    call.end(body);
  });
}

async function readLimited(answer: AsyncIterable<Buffer>, limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer) {
    size += chunk.length;
    if (size > limit) throw new Error(`the answer is larger than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
